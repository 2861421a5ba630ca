"""Patients behind an arm, rebuilt from a digitised curve or from the numbers a paper prints."""

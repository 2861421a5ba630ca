// What the page does beyond showing itself. Without scripts it is still whole but for the further rows of its long
// tables, and says where these are; figures are saved by the browser's own menu.
(() => {
  'use strict';
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const follow = () => document.documentElement.classList.toggle('dark', dark.matches);
  dark.addEventListener('change', follow);
  follow();

  if (window.matchMedia('(max-width: 74.99rem)').matches) document.getElementById('contents').open = false;
  // Paper shows what a reader could open.
  const closed = [];
  window.addEventListener('beforeprint', () => {
    for (const image of document.images) image.loading = 'eager';
    for (const part of document.querySelectorAll('main details:not([open])')) { part.open = true; closed.push(part); }
  });
  window.addEventListener('afterprint', () => { while (closed.length) closed.pop().open = false; });

  const table = document.getElementById('numbers-table');
  let numbers = null, only = null, note = null;
  const places = new Map();

  // The page holds the first rows of a long table; the file beside it, which is loaded once, holds the others.
  let further = null;
  function load(file) {
    further ||= new Promise((resolve, reject) => {
      const script = document.createElement('script');
      window.reportRows = resolve;
      script.addEventListener('load', reject); // after the rows have come this has no effect
      script.addEventListener('error', reject);
      script.nonce = document.querySelector('script[nonce]').nonce;
      script.src = file;
      document.body.append(script);
    });
    return further;
  }

  async function fill(figure) {
    const more = figure.querySelector('.more');
    try {
      figure.querySelector('tbody').insertAdjacentHTML('beforeend', (await load(more.dataset.file))[figure.id]);
      more.remove();
    } catch {
      more.append(' ' + more.dataset.file + ' could not be read: keep it in the folder of this page.');
    }
    if (figure.contains(table)) enhance();
  }

  // Tables whose rows are not all on the page, each with the filling of it once that has begun.
  const cut = new Map([...document.querySelectorAll('.more')].map((more) => [more.closest('figure'), null]));
  function complete(figure) {
    if (cut.has(figure) && !cut.get(figure)) cut.set(figure, fill(figure));
    return cut.get(figure);
  }
  // What is in view is completed once the page rests: rows that come while it scrolls would move the place it goes to.
  const inView = new Set();
  let pause = 0;
  function rest() {
    clearTimeout(pause);
    pause = setTimeout(() => inView.forEach(complete), 300);
  }
  const seen = new IntersectionObserver((entries) => {
    for (const {target, isIntersecting} of entries) inView[isIntersecting ? 'add' : 'delete'](target);
    rest();
  });
  window.addEventListener('scroll', rest, {passive: true});
  for (const figure of cut.keys()) seen.observe(figure);

  async function arrive() {
    const name = decodeURIComponent(window.location.hash.slice(1));
    if (!name) return;
    if (name.startsWith('claim-') || !document.getElementById(name)) await Promise.all([...cut.keys()].map(complete));
    if (numbers && places.has(name)) { showRows([name.slice('claim-'.length)], name); return; }
    const target = document.getElementById(name);
    for (let part = target; part; part = part.parentElement) if (part.tagName === 'DETAILS') part.open = true;
    if (target) target.scrollIntoView();
  }

  // Show only some rows, named by their anchors without the word before.
  function showRows(ids, mark) {
    only = new Set(ids.map((id) => 'claim-' + id));
    note.hidden = false;
    note.firstElementChild.textContent = ids.length === 1 ? 'One row is shown: ' + ids[0] + '.' : ids.length + ' rows are shown.';
    for (const choice of document.querySelectorAll('#number-tools select')) choice.value = '';
    numbers.columns().search('');
    numbers.search('').page('first').draw();
    for (const row of document.querySelectorAll('tr.found')) row.classList.remove('found');
    if (mark && places.get(mark)) places.get(mark).classList.add('found');
    document.getElementById('tab-numbers').scrollIntoView();
    table.closest('.scroll').focus({preventScroll: true});
  }

  function showAll() { only = null; note.hidden = true; numbers.draw(); }

  function choose(tools, column, title) {
    const label = document.createElement('label');
    label.append(title);
    const choice = document.createElement('select');
    choice.append(new Option('all', ''));
    const found = new Map();
    for (const row of places.values()) {
      const text = row.cells[column].textContent.trim().split(':')[0];
      if (text) found.set(text, (found.get(text) || 0) + 1);
    }
    for (const [text, times] of found) choice.append(new Option(text + ' (' + times + ')', text));
    choice.addEventListener('change', () => {
      const value = choice.value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      numbers.column(column).search(value ? '^' + value + '(:|$)' : '', true, false).draw();
    });
    label.append(choice);
    tools.append(label);
  }

  function enhance() {
    if (!table || numbers || !window.ReportTable) return;
    for (const row of table.tBodies[0].rows) places.set(row.id, row);
    const tools = document.getElementById('number-tools');
    const titles = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    for (const name of ['Document', 'What', 'Verdict', 'Hangs on it']) choose(tools, titles.indexOf(name), name);
    note = document.createElement('span');
    note.className = 'only';
    note.setAttribute('role', 'status');
    note.hidden = true;
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Show all numbers';
    button.addEventListener('click', showAll);
    note.append(document.createElement('span'), ' ', button);
    tools.append(note);
    tools.hidden = false;
    const widths = [...table.querySelectorAll('col')].map((one) => ({width: one.style.width}));
    // Hidden meanwhile, for it would be laid out again for every row that is taken into the library.
    table.tBodies[0].hidden = true;
    numbers = new window.ReportTable(table, {
      columns: widths, order: [], pageLength: 25, lengthMenu: [25, 100, 500, {label: 'all', value: -1}], autoWidth: false, deferRender: true,
      language: {search: 'Search every number:', info: '_START_ to _END_ of _TOTAL_ numbers', infoEmpty: 'no number',
        infoFiltered: '(of _MAX_)', lengthMenu: '_MENU_ a page', zeroRecords: 'No number fits.'},
    });
    numbers.search.fixed('only', (text, data, index) => !only || only.has(numbers.row(index).node().id));
    table.tBodies[0].hidden = false;
  }

  function begin() {
    // A table that already has, or is being given, its other rows when the library comes is enhanced with them.
    const figure = table && table.closest('figure');
    if (!cut.has(figure)) enhance();
    else if (cut.get(figure)) cut.get(figure).then(enhance);
    document.documentElement.dataset.ready = 'yes';
    arrive();
  }

  document.addEventListener('click', (event) => {
    const link = event.target.closest('a.rows');
    if (!link || !window.ReportTable) return;
    event.preventDefault();
    const ids = link.dataset.rows.split(' ');
    window.history.pushState(null, '', '#claim-' + ids[0]);
    Promise.resolve(complete(table.closest('figure'))).then(() => showRows(ids));
  });
  window.addEventListener('hashchange', arrive);
  window.addEventListener('report-library', begin);
  if (!table) begin();
})();

/* Keys without Ctrl, as the sheet in keys.html lists them: a key presses what carries its `data-key`, in the current row
   first. The current row is the one that has the focus, so that screen readers follow. Never while somebody types, in
   dialogs, with modifiers or while a word is composed; all of them can be switched off in the sheet. */
(function () {
  "use strict";

  var G = window.Gonghai;
  var OFF = "gonghai.keys.off";
  var ROWS = "main tr[data-href], main tr[data-watch], main li[data-href]";
  var sheet = document.getElementById("keys");
  var toggle = sheet && sheet.querySelector("[data-keys-switch]");
  if (!sheet) return;

  /* On or off, remembered on this device */

  function isOff() {
    try { return window.localStorage.getItem(OFF) === "1"; } catch (error) { return !toggle.checked; }
  }

  function remember(off) {
    try {
      if (off) window.localStorage.setItem(OFF, "1");
      else window.localStorage.removeItem(OFF);
    } catch (error) { /* then it holds for this page */ }
    document.documentElement.classList.toggle("keys-off", off);
  }

  G.keysOff = isOff;
  toggle.checked = !isOff();
  document.documentElement.classList.toggle("keys-off", isOff());
  toggle.addEventListener("change", function () { remember(!toggle.checked); });

  /* The sheet */

  function showWhatWorks(place) {
    G.each("[data-when]", function (entry) {
      entry.hidden = !document.querySelector(entry.getAttribute("data-when"));
    }, place);
  }

  function open() {
    showWhatWorks(sheet);
    sheet.showModal();
  }

  document.addEventListener("click", function (event) { if (event.target.closest("[data-keys-open]")) open(); });

  /* The current row */

  var current = null;

  function rows() {
    return Array.prototype.filter.call(document.querySelectorAll(ROWS), function (row) { return !row.inert; });
  }

  function makeCurrent(row) {
    if (current && current !== row) current.removeAttribute("aria-current");
    current = row;
    if (row) row.setAttribute("aria-current", "true");
  }

  document.addEventListener("focusin", function (event) {
    var row = event.target.closest(ROWS);
    if (row) makeCurrent(row);
  });

  /** The current row; after the list was made anew the one of the same customer. */
  function here() {
    if (current && !current.isConnected) {
      var address = current.getAttribute("data-href");
      makeCurrent(rows().filter(function (row) { return row.getAttribute("data-href") === address; })[0] || null);
    }
    return current && !current.inert ? current : null;
  }

  function goTo(row) {
    if (!row) return;
    var link = Array.prototype.filter.call(row.querySelectorAll("a[href]"), function (each) {
      return each.getAttribute("href") === row.getAttribute("data-href");
    })[0] || row.querySelector("td:not(.actions) a[href]");
    if (!link) row.tabIndex = -1;
    (link || row).focus({preventScroll: true});
    makeCurrent(row);
    row.scrollIntoView({block: "nearest"});
  }

  function step(by) {
    var all = rows(), at = all.indexOf(here());
    goTo(at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[at + by]);
  }

  /* Pressing */

  function press(key) {
    var row = here();
    var inRow = document.querySelector('main :is(tr, li[data-href]) [data-key="' + key + '"]');
    var found = (row && row.querySelector('[data-key="' + key + '"]'))
      || Array.prototype.filter.call(document.querySelectorAll(':is(main, .topbar) [data-key="' + key + '"]'), function (each) {
        return !each.closest("tr, li[data-href], [data-part=today]");
      })[0];
    if (found) found.click();
    else if (inRow && !row) step(1);  // nobody is chosen yet: show who would be
    return Boolean(found || inRow);
  }

  function search() {
    var field = document.querySelector("[data-search]");
    if (!field) return false;
    field.focus();
    field.select();
    return true;
  }

  function enter(event) {
    var row = here();
    if (!row || event.target !== row) return false;  // a link or button does what it does
    window.location.assign(row.getAttribute("data-href"));
    return true;
  }

  function act(event) {
    var key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "j" || key === "k") {
      step(key === "j" ? 1 : -1);
      return rows().length > 0;
    }
    if (event.repeat) return false;
    if (key === "?") { open(); return true; }
    if (key === "/") return search();
    if (key === "Enter") return enter(event);
    return Boolean(sheet.querySelector('[data-key="' + CSS.escape(key) + '"]')) && press(key);
  }

  var NO_TEXT = ["checkbox", "radio", "button", "submit", "reset"];

  function isTyping(target) {
    if (target.closest("select, textarea, dialog, [contenteditable], [role=combobox]")) return true;
    var input = target.closest("input");
    return Boolean(input) && NO_TEXT.indexOf(input.type) < 0;
  }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isOff() || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (act(event)) event.preventDefault();
  });

  document.addEventListener("refreshed", function () { G.each(".keys-hint", showWhatWorks); });
  G.each(".keys-hint", showWhatWorks);
}());

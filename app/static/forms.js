/* The script of pages with a form: looking rows up while typing, and the rows of inline forms. */
(function () {
  "use strict";

  var each = window.Gonghai.each, el = window.Gonghai.el;

  /* Looking a row up while typing: Flask-Admin's AJAX fields, with its data attributes and its address */

  var made = 0;

  function lookup(hidden) {
    var multiple = hidden.getAttribute("data-multiple") === "1";
    var separator = hidden.getAttribute("data-separator") || ",";
    var least = Number(hidden.getAttribute("data-minimum-input-length") || 0);
    var json = JSON.parse(hidden.getAttribute("data-json") || "null");
    var picked = !json ? [] : multiple ? json : [json];
    var found = [], at = -1, asked = 0, timer = null, id = "lookup-" + (made += 1);
    hidden.removeAttribute("data-role");

    var place = el("div", {"class": "lookup"});
    var box = el("div", {"class": "lookup-box"});
    var input = el("input", {type: "text", role: "combobox", autocomplete: "off", "aria-autocomplete": "list",
      "aria-expanded": "false", "aria-controls": id});
    var list = el("ul", {"class": "lookup-list", role: "listbox", id: id, hidden: ""});
    ["aria-describedby", "aria-invalid"].forEach(function (name) {
      if (hidden.hasAttribute(name)) input.setAttribute(name, hidden.getAttribute(name));
    });
    var label = hidden.id && document.querySelector('label[for="' + CSS.escape(hidden.id) + '"]');
    input.id = id + "-input";
    if (label) { label.htmlFor = input.id; list.setAttribute("aria-label", label.textContent.trim()); }

    function store() {
      hidden.value = picked.map(function (row) { return row[0]; }).join(separator);
      each(".tag", function (tag) { tag.remove(); }, box);
      picked.forEach(function (row) {
        var tag = el("span", {"class": "tag removable"}, row[1]);
        var drop = el("button", {type: "button", "aria-label": (hidden.getAttribute("data-remove") || "×") + " " + row[1]}, "×");
        drop.addEventListener("click", function () { unpick(row); input.focus(); });
        tag.appendChild(drop);
        box.insertBefore(tag, input);
      });
      input.placeholder = picked.length ? "" : hidden.getAttribute("data-placeholder") || "";
    }

    function unpick(row) {
      picked = picked.filter(function (other) { return other !== row; });
      store();
    }

    function close() {
      list.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function show() {
      list.textContent = "";
      found.forEach(function (row, index) {
        list.appendChild(el("li", {role: "option", id: id + "-" + index, "aria-selected": String(index === at)}, row[1]));
      });
      if (!found.length) list.appendChild(el("li", {"class": "nothing", role: "presentation"}, hidden.getAttribute("data-nothing") || "—"));
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      if (at >= 0) {
        input.setAttribute("aria-activedescendant", id + "-" + at);
        list.children[at].scrollIntoView({block: "nearest"});
      }
    }

    function pick(row) {
      picked = multiple ? picked.filter(function (other) { return String(other[0]) !== String(row[0]); }).concat([row]) : [row];
      input.value = "";
      store();
      close();
    }

    function ask() {
      var term = input.value.trim();
      if (term.length < least) { close(); return; }
      var number = asked += 1;
      var address = new URL(hidden.getAttribute("data-url"), window.location.href);
      address.searchParams.set("query", term);
      address.searchParams.set("offset", "0");
      address.searchParams.set("limit", "10");
      fetch(address, {headers: {Accept: "application/json"}, credentials: "same-origin"})
        .then(function (answer) { return answer.ok ? answer.json() : []; })
        .catch(function () { return []; })
        .then(function (rows) { if (number === asked) { found = rows; at = rows.length && term ? 0 : -1; show(); } });
    }

    input.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(ask, 180); });
    input.addEventListener("focus", function () { if (least === 0) ask(); });
    input.addEventListener("blur", function () { asked += 1; clearTimeout(timer); close(); input.value = ""; });
    input.addEventListener("keydown", function (event) {
      if (event.key === "Escape" && !list.hidden) { event.stopPropagation(); close(); }
      if (event.key === "Backspace" && !input.value && picked.length) unpick(picked[picked.length - 1]);
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && (!list.hidden || input.value)) {
        event.preventDefault();
        if (at >= 0) pick(found[at]);
      }
      if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden && found.length) {
        event.preventDefault();
        at = (at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length;
        show();
      }
    });
    list.addEventListener("mousedown", function (event) {
      event.preventDefault();
      var index = Array.prototype.indexOf.call(list.children, event.target.closest("li"));
      if (found[index]) pick(found[index]);
    });

    box.addEventListener("click", function (event) { if (event.target === box) input.focus(); });
    box.appendChild(input);
    place.appendChild(box);
    place.appendChild(list);
    hidden.after(place);
    store();
  }

  function enhance(part) { each('input[data-role="select2-ajax"]', lookup, part); }

  /* Rows of an inline form: added from their template, removed after asking */

  function inlineClick(event) {
    var remove = event.target.closest("[data-inline-remove]");
    if (remove && window.confirm(remove.getAttribute("data-inline-remove"))) remove.closest(".inline-field").remove();

    var add = event.target.closest("[data-inline-add]");
    if (!add) return;
    var field = add.closest(".inline-field");
    var list = field.querySelector(":scope > .inline-field-list");
    var next = Array.prototype.reduce.call(list.children, function (top, row) {
      return Math.max(top, Number(row.id.split("-").pop()) + 1);
    }, 0);
    var row = field.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
    var prefix = (field.classList.contains("fresh") ? field.id : add.getAttribute("data-inline-add")) + "-" + next;
    row.id = prefix;
    row.classList.add("fresh");
    each("label[for]", function (label) { label.htmlFor = prefix + "-" + label.htmlFor; }, row);
    each("[name]", function (input) {
      input.id = prefix + (input.id ? "-" + input.id : "");
      input.name = prefix + (input.name ? "-" + input.name : "");
    }, row);
    list.appendChild(row);
    enhance(row);
    var first = row.querySelector("input:not([type=hidden]), select, textarea");
    if (first) first.focus();
  }

  document.addEventListener("click", inlineClick);

  window.Gonghai.enhance = enhance;  // for parts of a page that come later

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", function () { enhance(document); });
  else enhance(document);
}());

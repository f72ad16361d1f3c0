/* Controls that are easier to fill in than the browser's own: choosing by typing, and dates with a calendar. The field
   itself stays in the form and keeps its name; what people see beside it is its face. */
(function () {
  "use strict";

  var Gonghai = window.Gonghai, each = Gonghai.each, el = Gonghai.el;
  var words = document.currentScript.dataset;
  var language = document.documentElement.lang || "en";
  var faces = new WeakMap(), setters = new WeakMap();
  var MANY = 9, made = 0;

  /** What people see and focus of a field. */
  Gonghai.faceOf = function (field) { return faces.get(field) || field; };

  /** Put values into a field as a person would: a text, the values ticked, or what was picked, with its name. */
  Gonghai.put = function (field, values, text) {
    if (field.getAttribute("role") === "group") {
      each("input", function (box) { box.checked = values.indexOf(box.value) >= 0; }, field);
    } else if (setters.has(field)) {
      setters.get(field)(values.length ? [values[0], text] : null);
    } else if (field.type === "checkbox") {
      field.checked = values.length > 0;
    } else {
      field.value = values[0] || "";
    }
    field.dispatchEvent(new Event("input", {bubbles: true}));
    field.dispatchEvent(new Event("change", {bubbles: true}));
  };

  /** Whether a key belongs to an input method: the Enter that ends a composition picks and sends nothing. */
  function composing(event) { return event.isComposing || event.keyCode === 229; }

  function folded(text) { return text.normalize("NFKC").toLowerCase().trim(); }

  function icon(path) {
    var made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    var line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    [["viewBox", "0 0 16 16"], ["width", "16"], ["height", "16"], ["aria-hidden", "true"]].forEach(function (pair) { made.setAttribute(pair[0], pair[1]); });
    [["d", path], ["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "1.5"], ["stroke-linecap", "round"], ["stroke-linejoin", "round"]]
      .forEach(function (pair) { line.setAttribute(pair[0], pair[1]); });
    made.appendChild(line);
    return made;
  }

  /** Let another control stand for a field, with its label, its help and its errors. */
  function takeOver(field, face) {
    face.id = field.id ? field.id + "-face" : "face-" + (made += 1);
    ["aria-describedby", "aria-invalid"].forEach(function (name) {
      if (field.hasAttribute(name)) face.setAttribute(name, field.getAttribute(name));
    });
    if (field.required || field.hasAttribute("data-missing")) face.setAttribute("aria-required", "true");
    if (field.disabled) face.disabled = true;
    var label = field.id && document.querySelector('label[for="' + CSS.escape(field.id) + '"]');
    if (label) label.htmlFor = face.id;
    faces.set(field, face);
    return label ? label.firstChild.textContent.trim() : "";
  }

  /* Choosing by typing: a combobox with a list, as the ARIA practices describe it.
     source: present() -> [value, text] or null, store(row or null), find(term) -> rows or a promise of them, optional */

  function combobox(field, source) {
    var found = [], at = -1, asked = 0, timer = null;
    var place = el("div", {"class": "combo"});
    var input = el("input", {type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", maxlength: "64", "aria-autocomplete": "list",
      "aria-expanded": "false", placeholder: field.getAttribute("data-search") || words.search});
    var list = el("ul", {"class": "combo-list", role: "listbox", hidden: ""});
    var clear = el("button", {type: "button", "class": "combo-clear", "aria-label": words.clear}, "×");
    var name = takeOver(field, input);
    list.id = input.id + "-list";
    list.setAttribute("aria-label", name);
    clear.setAttribute("aria-label", words.clear + ": " + name);
    input.setAttribute("aria-controls", list.id);

    function show() {
      var present = source.present();
      input.value = present ? present[1] : "";
      clear.hidden = !source.optional || !present || field.disabled;
    }

    function close() {
      asked += 1;
      clearTimeout(timer);
      list.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function point(index) {
      if (list.children[at]) list.children[at].classList.remove("active");
      at = index;
      if (!list.children[at]) { input.removeAttribute("aria-activedescendant"); return; }
      list.children[at].classList.add("active");
      input.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({block: "nearest"});
    }

    function draw(rows, pointed) {
      var present = source.present();
      found = rows;
      list.textContent = "";
      rows.forEach(function (row, index) {
        var chosen = present !== null && String(present[0]) === String(row[0]);
        list.appendChild(el("li", {role: "option", id: list.id + "-" + index, "aria-selected": String(chosen)}, row[1]));
      });
      if (!rows.length) list.appendChild(el("li", {"class": "nothing", role: "presentation"}, words.nothing));
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      at = -1;
      point(pointed === undefined ? rows.findIndex(function (row) { return present && String(row[0]) === String(present[0]); }) : pointed);
    }

    function search(term) {
      var number = asked += 1;
      Promise.resolve(source.find(term)).then(function (rows) {
        if (number === asked) draw(rows, term && rows.length ? 0 : undefined);
      });
    }

    function open() { if (list.hidden && !input.disabled) search(""); }

    function pick(row) {
      source.store(row);
      close();
      show();
      field.dispatchEvent(new Event("input", {bubbles: true}));
      field.dispatchEvent(new Event("change", {bubbles: true}));
    }

    function later() {
      clearTimeout(timer);
      timer = setTimeout(function () { search(folded(input.value)); }, source.wait || 0);
    }

    /** Leaving: what was typed counts if it is one of the names, or nothing; else what was picked stays. */
    function settle() {
      var typed = folded(input.value), present = source.present();
      var same = found.filter(function (row) { return folded(row[1]) === typed; })[0];
      close();
      if (!typed && present && source.optional) pick(null);
      else if (typed && same && (!present || String(same[0]) !== String(present[0]))) pick(same);
      else show();
    }

    input.addEventListener("input", function (event) { event.stopPropagation(); if (!event.isComposing) later(); });
    input.addEventListener("change", function (event) { event.stopPropagation(); });
    input.addEventListener("compositionend", later);
    input.addEventListener("click", open);
    input.addEventListener("focus", function () { input.select(); });
    input.addEventListener("blur", settle);
    input.addEventListener("keydown", function (event) {
      if (composing(event)) return;
      if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        event.stopPropagation();
        close();
        show();
        input.select();
      } else if (event.key === "Enter" && !list.hidden && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        if (found[at]) pick(found[at]);
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) open();
        else if (found.length) point((at + (event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1) + found.length) % found.length);
      }
    });
    list.addEventListener("mousedown", function (event) {
      event.preventDefault();
      var row = found[Array.prototype.indexOf.call(list.children, event.target.closest("li"))];
      if (row) pick(row);
    });
    clear.addEventListener("click", function () { pick(null); input.focus(); });

    place.append(input, clear, list);
    field.after(place);
    setters.set(field, function (row) { source.store(row); show(); });
    show();
  }

  /** A select with many options. */
  function choosing(select) {
    var rows = Array.prototype.filter.call(select.options, function (option) { return option.value !== "" && option.value !== "__None"; })
      .map(function (option) { return [option.value, option.text]; });
    var blank = Array.prototype.filter.call(select.options, function (option) { return option.value === "" || option.value === "__None"; })[0];
    combobox(select, {
      optional: Boolean(blank) && !select.required,
      present: function () {
        var option = select.selectedOptions[0];
        return option && option !== blank ? [option.value, option.text] : null;
      },
      store: function (row) { select.value = row ? row[0] : blank ? blank.value : ""; },
      find: function (term) { return rows.filter(function (row) { return folded(row[1]).indexOf(term) >= 0; }); }
    });
    select.hidden = true;
    select.required = false;  // what is hidden cannot be pointed at; the rules of the form still ask for it
  }

  /** Flask-Admin's look-up of one row of a large table, with its data attributes and its address. */
  function lookingUp(hidden) {
    var picked = JSON.parse(hidden.getAttribute("data-json") || "null");
    combobox(hidden, {
      optional: hidden.hasAttribute("data-allow-blank"),
      wait: 180,
      present: function () { return picked; },
      store: function (row) { picked = row; hidden.value = row ? row[0] : ""; },
      find: function (term) {
        var address = new URL(hidden.getAttribute("data-url"), window.location.href);
        address.searchParams.set("query", term);
        address.searchParams.set("offset", "0");
        address.searchParams.set("limit", "10");
        return Gonghai.get(address).then(function (answer) { return answer.ok ? answer.body : []; });
      }
    });
    hidden.removeAttribute("data-role");
  }

  /** A long list of boxes gets a line that narrows it. */
  function narrowing(group) {
    var boxes = Array.prototype.slice.call(group.querySelectorAll("label"));
    if (boxes.length <= MANY + 3 || group.previousElementSibling.matches(".narrow")) return;
    var filter = el("input", {type: "search", "class": "control narrow", placeholder: words.search, "aria-label": words.filter, autocomplete: "off"});
    filter.addEventListener("input", function (event) {
      event.stopPropagation();
      boxes.forEach(function (box) {
        box.hidden = folded(box.textContent).indexOf(folded(filter.value)) < 0 && !box.querySelector("input").checked;
      });
    });
    filter.addEventListener("keydown", function (event) { if (event.key === "Enter") event.preventDefault(); });
    group.before(filter);
  }

  /* Dates: typed in any usual order of year, month and day, or picked in a calendar */

  /** The day somebody typed, as YYYY-MM-DD; null if it is none. */
  function dayOf(text) {
    var plain = text.normalize("NFKC").trim();
    var parts = /^(\d{4})(\d{2})(\d{2})$/.exec(plain) || /^(\d{4})\s*[-\/.年]\s*(\d{1,2})\s*[-\/.月]\s*(\d{1,2})\s*日?$/.exec(plain);
    if (!parts) return null;
    var day = new Date(Date.UTC(+parts[1], +parts[2] - 1, +parts[3]));
    day.setUTCFullYear(+parts[1]);
    return day.getUTCMonth() === parts[2] - 1 && day.getUTCDate() === +parts[3] ? day.toISOString().slice(0, 10) : null;
  }
  Gonghai.dayOf = dayOf;

  function calendar(input, chosen) {
    var made = el("calendar-date", {locale: language, "first-day-of-week": "1", "show-outside-days": "", today: words.today,
      "focused-date": dayOf(input.value) || input.min || words.today});
    if (dayOf(input.value)) made.setAttribute("value", dayOf(input.value));
    if (input.min) made.setAttribute("min", input.min);
    if (input.max) made.setAttribute("max", input.max);
    [["previous", "M10 3 5 8l5 5"], ["next", "m6 3 5 5-5 5"]].forEach(function (turn) {
      var label = el("span", {slot: turn[0]});
      label.append(icon(turn[1]), el("span", {"class": "sr-only"}, words[turn[0]]));
      made.appendChild(label);
    });
    made.appendChild(el("calendar-month"));
    made.addEventListener("change", function () { chosen(made.value); });
    return made;
  }

  function dated(input) {
    if (!window.customElements || !customElements.get("calendar-date")) return;
    var label = document.querySelector('label[for="' + CSS.escape(input.id) + '"]');
    var place = el("div", {"class": "dated"});
    var button = el("button", {type: "button", "class": "dated-open", "aria-haspopup": "dialog", "aria-expanded": "false",
      "aria-label": words.open + (label ? ": " + label.firstChild.textContent.trim() : "")});
    var said = el("span", {"class": "dated-words", "aria-hidden": "true"});
    var popover = null;

    input.type = "text";
    input.setAttribute("placeholder", "YYYY-MM-DD");
    input.setAttribute("autocomplete", "off");
    input.setAttribute("inputmode", "numeric");
    button.disabled = input.disabled;
    button.appendChild(icon("M3 4.5h10v8.5H3zM3 7h10M5.5 3v3M10.5 3v3"));
    input.before(place);
    place.append(input, said, button);

    function tell() {
      var day = dayOf(input.value);
      said.textContent = day ? new Intl.DateTimeFormat(language, {weekday: "short", timeZone: "UTC"}).format(new Date(day + "T00:00:00Z")) : "";
    }

    function set(day) {
      input.value = day;
      input.dispatchEvent(new Event("input", {bubbles: true}));
      input.dispatchEvent(new Event("change", {bubbles: true}));
    }

    function shut(back) {
      if (!popover) return;
      popover.remove();
      popover = null;
      button.setAttribute("aria-expanded", "false");
      document.removeEventListener("pointerdown", elsewhere);
      if (back) button.focus();
    }

    function elsewhere(event) { if (!place.contains(event.target)) shut(false); }

    function open() {
      var days = calendar(input, function (day) { shut(true); set(day); });
      popover = el("div", {"class": "dated-popover", role: "dialog", "aria-label": button.getAttribute("aria-label")});
      popover.appendChild(days);
      popover.addEventListener("keydown", function (event) {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        shut(true);
      });
      popover.addEventListener("focusout", function (event) { if (event.relatedTarget && !place.contains(event.relatedTarget)) shut(false); });
      place.appendChild(popover);
      button.setAttribute("aria-expanded", "true");
      document.addEventListener("pointerdown", elsewhere);
      requestAnimationFrame(function () {
        if (!popover) return;
        var box = popover.getBoundingClientRect(), room = place.getBoundingClientRect().top;
        popover.classList.toggle("above", box.bottom > window.innerHeight && room > box.height);
        popover.scrollIntoView({block: "nearest"});
        days.focus();
      });
    }

    button.addEventListener("click", function () { if (popover) shut(true); else open(); });
    input.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown" && event.altKey && !popover) { event.preventDefault(); open(); }
    });
    input.addEventListener("input", tell);
    input.addEventListener("change", function () {
      input.value = dayOf(input.value) || input.value.trim();
      tell();
    });
    setters.set(input, function (row) { input.value = row ? row[0] : ""; tell(); });
    tell();
  }

  /** Give the fields of a part of the page their faces. */
  Gonghai.enhance = function (part) {
    each('input[data-role="select2-ajax"]', lookingUp, part);
    each("form[data-form] select:not([multiple]):not([hidden]), select[data-combobox]:not([hidden])", function (select) {
      if (select.options.length > MANY) choosing(select);
    }, part);
    each("form[data-form] .choices", narrowing, part);
    each("form[data-form] input[type=date], input[type=date][data-calendar]", dated, part);
  };

  Gonghai.enhance(document);
}());

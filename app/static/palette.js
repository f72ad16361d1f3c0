/* The command palette: Ctrl-K anywhere. Screens are found in the menu of the page, the rest by the server, which also
   says what of the recently opened may still be opened; this browser keeps only their numbers. */
(function () {
  "use strict";

  var palette = document.getElementById("palette");
  if (!palette) return;
  var G = window.Gonghai;
  var input = palette.querySelector("input"), list = document.getElementById("palette-list");
  var nothing = palette.querySelector(".palette-nothing"), status = palette.querySelector("[role=status]");
  var entries = [], at = 0, asked = 0, timer = null, waiting = null;

  /* What was opened last */

  var key = "recent:" + palette.getAttribute("data-person"), MOST = 8;

  function recent() {
    try { return (window.localStorage.getItem(key) || "").split(",").filter(Boolean); } catch (_blocked) { return []; }
  }

  function remember(opened) {
    var kept = [opened].concat(recent().filter(function (other) { return other !== opened; })).slice(0, MOST);
    try { window.localStorage.setItem(key, kept.join(",")); } catch (_blocked) { return; }
  }

  /* What there is */

  function screens(typed) {
    var words = typed.toLowerCase().split(/\s+/);
    var found = Array.prototype.map.call(document.querySelectorAll("#sidebar nav a"), function (link) {
      var count = link.querySelector(".count"), text = link.textContent;
      if (count) text = text.replace(count.textContent, "");
      return {title: text.trim(), note: "", url: link.getAttribute("href")};
    }).filter(function (screen) {
      return words.every(function (word) { return screen.title.toLowerCase().indexOf(word) >= 0; });
    });
    return {title: palette.getAttribute("data-screens"), entries: typed ? found.slice(0, MOST) : found};
  }

  /** Show the screens at once, and what the server finds when it is there. */
  function search() {
    var typed = input.value.trim(), number = asked += 1, own = screens(typed);
    var address = new URL(palette.getAttribute("data-url"), window.location.href);
    clearTimeout(timer);
    waiting = null;
    show([own], 0);
    if (!typed && !recent().length) return;
    if (typed) address.searchParams.set("q", typed);
    else address.searchParams.set("recent", recent().join(","));
    timer = setTimeout(function () {
      G.get(address).then(function (answer) {
        if (number === asked) found(answer, own, typed);
      });
    }, typed ? 120 : 0);
  }

  function found(answer, own, typed) {
    var groups = answer.ok ? answer.body.groups : [], enter = waiting;
    timer = null;
    show(typed ? [own].concat(groups) : groups.concat([own]), typed ? at : 0);
    if (!answer.ok) say(answer.body.error || palette.getAttribute("data-unreachable"));
    else if (!entries.length) say(palette.getAttribute("data-nothing"));
    else status.textContent = palette.getAttribute("data-number").replace("{number}", entries.length);
    if (enter) go(entries[at], enter.elsewhere);
  }

  /* What is shown */

  function show(groups, chosen) {
    entries = [];
    list.textContent = "";
    groups.filter(function (group) { return group.entries.length; }).forEach(function (group, index) {
      var id = "palette-group-" + index, part = G.el("div", {role: "group", "aria-labelledby": id});
      part.appendChild(G.el("div", {"class": "palette-group", id: id, role: "presentation"}, group.title));
      group.entries.forEach(function (entry) { part.appendChild(option(entry)); });
      list.appendChild(part);
    });
    choose(chosen);
    say("");
  }

  function option(entry) {
    var made = G.el("div", {role: "option", id: "palette-" + entries.length, "aria-selected": "false"});
    made.appendChild(G.el("span", {}, entry.title));
    if (entry.note) made.appendChild(G.el("span", {}, entry.note));
    entries.push(entry);
    return made;
  }

  function say(sentence) {
    nothing.textContent = status.textContent = sentence;
    nothing.hidden = !sentence;
  }

  function choose(index) {
    var options = list.querySelectorAll("[role=option]");
    if (options[at]) options[at].setAttribute("aria-selected", "false");
    at = options.length ? (index + options.length) % options.length : 0;
    if (!options[at]) { input.removeAttribute("aria-activedescendant"); return; }
    options[at].setAttribute("aria-selected", "true");
    options[at].scrollIntoView({block: "nearest"});
    input.setAttribute("aria-activedescendant", options[at].id);
  }

  function go(entry, elsewhere) {
    if (!entry) {
      if (timer !== null) waiting = {elsewhere: elsewhere};  // whoever types fast means what is about to come
      return;
    }
    if (entry.key) remember(entry.key);
    palette.close();
    if (elsewhere) window.open(entry.url, "_blank", "noopener");
    else window.location.assign(entry.url);
  }

  /* Keys and clicks */

  function open() {
    if (document.querySelector("dialog[open]")) return;
    input.value = "";
    palette.showModal();
    input.focus();
    search();
  }

  document.addEventListener("keydown", function (event) {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (palette.open) palette.close();
    else open();
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-palette]")) open();
  });

  input.addEventListener("keydown", function (event) {
    if (event.isComposing) return;  // Enter and the arrows belong to the input method
    var steps = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (steps) { event.preventDefault(); choose(at + steps); }
    if (event.key === "Enter") { event.preventDefault(); go(entries[at], event.ctrlKey || event.metaKey); }
  });

  input.addEventListener("input", function (event) { if (!event.isComposing) search(); });
  input.addEventListener("compositionend", search);

  list.addEventListener("mousedown", function (event) { event.preventDefault(); });  // the focus stays in the field
  list.addEventListener("click", function (event) {
    var clicked = event.target.closest("[role=option]");
    if (clicked) go(entries[Number(clicked.id.split("-").pop())], event.ctrlKey || event.metaKey);
  });
  palette.addEventListener("click", function (event) { if (event.target === palette) palette.close(); });

  var here = document.querySelector("[data-recent]");
  if (here) remember(here.getAttribute("data-recent"));
}());

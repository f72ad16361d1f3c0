/* The bell: what comes while a page is open is said, and what is shown has been read. Where a page asks the server for
   something else anyway it asks for this with it; else it is asked for by itself, more seldom. */
(function () {
  "use strict";

  var G = window.Gonghai;
  var EVERY = 15000;
  var bell = document.querySelector("[data-bell]");
  if (!bell) return;
  var newest = Number(bell.getAttribute("data-newest"));

  function show(state) {
    var count = bell.querySelector("[data-bell-count]"), label = bell.querySelector("[data-bell-label]");
    count.textContent = state.unread;
    count.hidden = !state.unread;
    label.textContent = state.label;
  }

  /** Whether something has come. */
  function heard(state) {
    if (!state) return false;
    show(state);
    if (state.newest <= newest) return false;
    newest = state.newest;
    state.said.forEach(function (sentence) { G.say(sentence, "notice"); });
    return state.said.length > 0;
  }

  /** An address with which the notices are asked for too. */
  function asked(address) {
    var found = new URL(address, window.location.href);
    found.searchParams.set("told", newest);
    return found;
  }

  G.notices = {asked: asked, heard: heard};

  function read() {
    var place = document.querySelector("[data-reads]");
    if (!place || document.hidden) return;
    var ids = place.getAttribute("data-reads");
    place.removeAttribute("data-reads");
    G.send(bell.getAttribute("data-read"), {ids: ids}).then(function (answer) { if (answer.ok) show(answer.body); });
  }

  function start() {
    read();
    document.addEventListener("visibilitychange", read);
    if (document.querySelector("[data-live], [data-state-url]")) return;
    G.poll({every: EVERY, address: function () { return asked(bell.getAttribute("data-news")); }, heard: heard});
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}());

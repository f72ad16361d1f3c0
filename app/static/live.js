/* Follows what others do: every few seconds it asks the server what has changed on the page that is shown. Rows that are
   gone say why and go; of rows that have come it says how many. While the server cannot be reached it says so, and goes on
   by itself once it can (poll.js). */
(function () {
  "use strict";

  var G = window.Gonghai;
  var EVERY = 3000;
  var state = document.querySelector("[data-live-state]");
  var asked = null, wanted = false;

  function list() { return document.querySelector("[data-live]"); }

  function show(text, lost) {
    if (!state) return;
    state.hidden = false;
    state.classList.toggle("lost", lost);
    if (state.textContent !== text) state.textContent = text;
  }

  function address() {
    asked = list();
    if (!asked) return null;
    var found = G.notices.asked(asked.getAttribute("data-live"));
    var shown = Array.prototype.map.call(asked.querySelectorAll("tr[data-watch]"), function (row) { return row.getAttribute("data-watch"); });
    if (shown.length) found.searchParams.set("shown", shown.join(","));
    if (wanted) found.searchParams.set("counts", "1");
    wanted = false;
    return found;
  }

  /** Whether something has happened. */
  function heard(said) {
    var stirred = G.notices.heard(said.notices);
    show(state ? state.getAttribute("data-on") : "", false);
    if (asked === list()) {  // the list may be a new one meanwhile
      said.gone.forEach(function (gone) {
        var row = asked.querySelector('tr[data-watch="' + gone.id + '"]');
        if (row) G.leave(row, gone.sentence);
      });
      stirred = announceArrivals(asked, said.arrived) || said.gone.length > 0 || stirred;
      if (said.gone.length && document.querySelector('[data-part="today"]')) G.refresh(["today"]);
    }
    G.each("[data-count]", function (count) {
      var number = said.counts[count.getAttribute("data-count")];
      if (number !== undefined) count.textContent = number;
    });
    return stirred;
  }

  function announceArrivals(place, sentence) {
    var bar = place.querySelector("[data-arrived]"), button = bar.querySelector("button");
    var fresh = button.textContent !== sentence;
    if (fresh) button.textContent = sentence;
    bar.hidden = !sentence;
    return fresh;
  }

  var polling = G.poll({
    every: EVERY, address: address, heard: heard,
    missed: function () { show(state ? state.getAttribute("data-lost") : "", true); },
    refused: function (body) { show(body.error || "", true); }
  });
  document.addEventListener("look", function () {
    wanted = true;
    polling.now();
  });
  show(state ? state.getAttribute("data-on") : "", false);
}());

/* Follows what others do: every few seconds it asks the server what has changed on the page that is shown. Rows that are
   gone say why and go; of rows that have come it says how many. A hidden page does not ask; one at which nobody does
   anything and nothing happens asks half as often. While the server cannot be reached it asks ever more seldom, says so,
   and goes on by itself once it can. */
(function () {
  "use strict";

  var G = window.Gonghai;
  var EVERY = 3000, CALM = 6000, LONGEST = 60000;
  var STIRRED = 60000;  // ms after the last sign of life in which the page is asked for at every turn
  var state = document.querySelector("[data-live-state]");
  var timer = null, asking = false, failures = 0, wanted = false, stirredAt = performance.now();

  function list() { return document.querySelector("[data-live]"); }

  function show(text, lost) {
    if (!state) return;
    state.hidden = false;
    state.classList.toggle("lost", lost);
    if (state.textContent !== text) state.textContent = text;
  }

  function isCalm() { return performance.now() - stirredAt > STIRRED; }

  /** Somebody is there, or something has happened; whoever comes back is told at once. */
  function stir() {
    var back = isCalm();
    stirredAt = performance.now();
    if (back && !failures) ask();
  }

  /** Each waits a little longer or shorter than the others, so that they do not all come at once. */
  function later() {
    var wait = Math.min((isCalm() ? CALM : EVERY) * Math.pow(2, failures), LONGEST);
    clearTimeout(timer);
    timer = setTimeout(ask, wait * (0.8 + Math.random() * 0.4));
  }

  function ask() {
    var place = list();
    clearTimeout(timer);
    if (!place || asking || document.hidden) return;
    var address = new URL(place.getAttribute("data-live"), window.location.href);
    var shown = Array.prototype.map.call(place.querySelectorAll("tr[data-watch]"), function (row) { return row.getAttribute("data-watch"); });
    if (shown.length) address.searchParams.set("shown", shown.join(","));
    if (wanted) address.searchParams.set("counts", "1");
    asking = true;
    wanted = false;
    G.get(address).then(function (answer) {
      asking = false;
      if (answer.ok) heard(place, answer.body);
      else if (answer.status === 0 || answer.status === 429 || answer.status >= 500) missed();
      else show(answer.body.error || "", true);  // logged out, or no longer allowed: asking again would not help
    });
  }

  function heard(place, said) {
    failures = 0;
    show(state ? state.getAttribute("data-on") : "", false);
    if (place === list()) {  // the list may be a new one meanwhile
      said.gone.forEach(function (gone) {
        var row = place.querySelector('tr[data-watch="' + gone.id + '"]');
        if (row) G.leave(row, gone.sentence);
      });
      announceArrivals(place, said.arrived);
      if (said.gone.length) stirredAt = performance.now();
      if (said.gone.length && document.querySelector('[data-part="today"]')) G.refresh(["today"]);
    }
    G.each("[data-count]", function (count) {
      var number = said.counts[count.getAttribute("data-count")];
      if (number !== undefined) count.textContent = number;
    });
    if (wanted) ask();
    else later();
  }

  function announceArrivals(place, sentence) {
    var bar = place.querySelector("[data-arrived]"), button = bar.querySelector("button");
    if (button.textContent !== sentence) {
      button.textContent = sentence;
      stirredAt = performance.now();
    }
    bar.hidden = !sentence;
  }

  function missed() {
    failures += 1;
    show(state ? state.getAttribute("data-lost") : "", true);
    later();
  }

  ["pointermove", "pointerdown", "keydown", "wheel"].forEach(function (sign) { document.addEventListener(sign, stir, {passive: true}); });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) ask(); });
  window.addEventListener("online", ask);
  window.addEventListener("pageshow", function (event) { if (event.persisted) ask(); });
  document.addEventListener("look", function () {
    wanted = true;
    ask();
  });
  show(state ? state.getAttribute("data-on") : "", false);
  later();
}());

/* How a page asks the server again and again: half as often once nobody has touched it and nothing has happened for a
   minute, ever more seldom while the server cannot be reached, and not while it is hidden. */
(function () {
  "use strict";

  var G = window.Gonghai;
  var LONGEST = 60000;
  var STIRRED = 60000;  // ms after the last sign of life in which the page asks at every turn

  /** Ask every so often. `said` has `every` (ms), `address()`, which gives none where there is nothing to ask, and is told
      by `heard(body)`, which says whether something has happened, `missed()` and, for good, `refused(body)`. */
  G.poll = function (said) {
    var timer = null, asking = false, again = false, failures = 0, stirredAt = performance.now();

    function isCalm() { return performance.now() - stirredAt > STIRRED; }

    /** Somebody is there; whoever comes back is told at once. */
    function stir() {
      var back = isCalm();
      stirredAt = performance.now();
      if (back && !failures) ask();
    }

    /** Each waits a little longer or shorter than the others, so that they do not all come at once. */
    function later() {
      var wait = Math.min(said.every * (isCalm() ? 2 : 1) * Math.pow(2, failures), LONGEST);
      clearTimeout(timer);
      timer = setTimeout(ask, wait * (0.8 + Math.random() * 0.4));
    }

    function ask() {
      clearTimeout(timer);
      var address = document.hidden || asking ? null : said.address();
      if (!address) return;
      asking = true;
      again = false;
      G.get(address).then(function (answer) {
        asking = false;
        if (answer.ok) {
          failures = 0;
          if (said.heard(answer.body)) stirredAt = performance.now();
        } else if (answer.status === 0 || answer.status === 429 || answer.status >= 500) {
          failures += 1;
          if (said.missed) said.missed();
        } else {  // logged out, or no longer allowed: asking again would not help
          if (said.refused) said.refused(answer.body);
          return;
        }
        if (again) ask();
        else later();
      });
    }

    ["pointermove", "pointerdown", "keydown", "wheel"].forEach(function (sign) { document.addEventListener(sign, stir, {passive: true}); });
    document.addEventListener("visibilitychange", function () { if (!document.hidden) ask(); });
    window.addEventListener("online", ask);
    window.addEventListener("pageshow", function (event) { if (event.persisted) ask(); });
    later();

    return {
      /** Ask now, or as soon as the present answer is there. */
      now: function () {
        again = asking;
        ask();
      }
    };
  };
}());

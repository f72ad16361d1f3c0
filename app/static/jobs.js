/* Follows a run that was asked for by hand. Without it the page says how the run stood when it was opened. */
(function () {
  "use strict";

  var EVERY = 1000;
  var PATIENCE = 30;

  function follow(place) {
    var failures = 0;
    var sentence = place.querySelector("[data-job-sentence]");
    var bar = place.querySelector("progress");

    function ask() {
      fetch(place.getAttribute("data-job"), { headers: { Accept: "application/json" }, credentials: "same-origin" })
        .then(function (answer) {
          if (!answer.ok) throw new Error(answer.status);
          return answer.json();
        })
        .then(function (state) {
          failures = 0;
          if (state.over) {
            window.location.reload();
            return;
          }
          if (sentence.textContent !== state.sentence) sentence.textContent = state.sentence;
          bar.max = Math.max(state.total, 1);
          bar.value = state.done;
          setTimeout(ask, EVERY);
        })
        .catch(function () {
          failures += 1;
          if (failures < PATIENCE) setTimeout(ask, EVERY * 2);
        });
    }

    setTimeout(ask, EVERY / 2);
  }

  Array.prototype.forEach.call(document.querySelectorAll("[data-job]:not([data-job-over])"), follow);
})();

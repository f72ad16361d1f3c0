/* Follows long work: on the page of one's tasks, in the top bar, and wherever else a page shows how far something is.
   Without it the page says how it stood when it was opened. */
(function () {
  "use strict";

  var SOON = 1000, LATEST = 15000, SLOWER = 1.25;

  /** Ask again and again, ever more slowly while nothing changes, until there is nothing to wait for. */
  function follow(address, show) {
    var pause = SOON, before = "";

    function ask() {
      if (document.hidden) {
        document.addEventListener("visibilitychange", ask, {once: true});
        return;
      }
      window.Gonghai.get(address).then(function (answer) {
        var now = JSON.stringify(answer.body);
        pause = answer.ok && now !== before ? SOON : Math.min(pause * SLOWER, LATEST);
        before = now;
        if ([401, 403, 404].indexOf(answer.status) < 0 && (!answer.ok || show(answer.body))) setTimeout(ask, pause);
      });
    }

    setTimeout(ask, SOON);
  }

  function fill(place, state) {
    var sentence = place.querySelector("[data-sentence]"), left = place.querySelector("[data-left]");
    var bar = place.querySelector("progress");
    if (sentence.textContent !== state.sentence) sentence.textContent = state.sentence;
    if (left.textContent !== state.left) left.textContent = state.left;
    if (state.total) {
      bar.max = state.total;
      bar.value = state.done;
    }
  }

  function start() {
    var page = document.querySelector("[data-tasks-page]"), link = document.querySelector("[data-tasks]");

    window.Gonghai.each("[data-job]:not([data-over])", function (place) {
      follow(place.getAttribute("data-job"), function (state) {
        if (state.over) window.location.reload();
        else fill(place, state);
        return !state.over;
      });
    });

    if (page && page.querySelector("[data-task]:not([data-over])")) {
      follow(page.getAttribute("data-tasks-page"), function (state) {
        var ended = false;
        state.tasks.forEach(function (task) {
          var place = document.getElementById("task-" + task.id);
          if (!place || place.hasAttribute("data-over")) return;
          fill(place, task);
          ended = ended || task.over;
        });
        if (ended) window.location.reload();
        return !ended;
      });
    } else if (link) {
      var waiting = {};
      follow(link.getAttribute("data-tasks"), function (state) {
        state.tasks.forEach(function (task) {
          if (task.over && waiting[task.id]) {
            var good = task.state === "finished";
            window.Gonghai.say(link.getAttribute(good ? "data-done" : "data-failed").replace("%(what)s", task.title),
                               good ? "success" : "error");
          }
          waiting[task.id] = !task.over;
        });
        link.querySelector("[data-said]").textContent = state.said;
        link.querySelector(".dot").hidden = !state.running;
        return state.running > 0;
      });
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}());

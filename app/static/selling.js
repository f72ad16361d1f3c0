/* Public Pool and My Customers without leaving the page: claiming, logging follow-ups, releasing, searching while typing.
   Without it every button is a form or a link that does the same. The parts of a page (data-part) are always made by the
   server; after a step the page is fetched and its parts are put in. */
(function () {
  "use strict";

  var G = window.Gonghai;
  var each = G.each;
  var WORD = 6000;    // ms for which a row says why it goes, or that it is won, before the list may be made anew
  var STILL = 400;    // ms after rows have moved in which a click would hit another row than was meant
  var PAUSE = 300;    // ms without a key before a search is asked for
  var movedAt = -Infinity;

  /** Tell those who do not see it. */
  function announce(text) {
    var place = document.querySelector("[data-announce]");
    if (!place) return;
    var line = G.el("p", {}, text);
    place.appendChild(line);
    setTimeout(function () { line.remove(); }, 10000);
  }

  /* The parts, anew */

  var asked = 0, applied = 0, again = false;

  function partOf(name, within) { return (within || document).querySelector('[data-part="' + name + '"]'); }

  /** Fetch this page and put its parts in, or only those named; the promise says whether it worked. */
  function refresh(only) {
    var number = asked += 1;
    return G.get(window.location.href).then(unpressed).then(function (answer) {
      if (!answer.ok || typeof answer.body !== "string") {
        G.say(answer.body.error || "", "error");
        return false;
      }
      if (number < applied) return true;  // a later one was faster
      applied = number;
      var fresh = G.fragment(answer.body), active = document.activeElement;
      each("[data-part]", function (old) {
        var name = old.getAttribute("data-part"), made = partOf(name, fresh);
        if (!made || (only && only.indexOf(name) < 0)) return;
        if (old.querySelector("form[data-sent]")) again = true;  // its answer is still to come
        else replace(old, made);
      });
      rememberPast(fresh);
      each("[data-count]", function (count) {
        var same = fresh.querySelector('[data-count="' + count.getAttribute("data-count") + '"]');
        if (same) count.textContent = same.textContent;
      });
      document.dispatchEvent(new CustomEvent("refreshed"));
      if (active.isConnected) active.focus({preventScroll: true});  // it was taken along
      return true;
    });
  }

  /** Put in what could not be while an answer was still to come, once what the rows say could be read. */
  function catchUp() {
    if (!again || saying || document.querySelector("tr.leaving")) return;
    again = false;
    refresh();
  }

  /** Once nobody presses on a part any more: a button that is replaced between down and up swallows the click. */
  function unpressed(answer) {
    if (!document.querySelector("[data-part]:active")) return answer;
    return new Promise(function (go) {
      var up = new AbortController();
      ["pointerup", "pointercancel", "keyup"].forEach(function (name) {
        document.addEventListener(name, function () { up.abort(); setTimeout(go, 0, answer); }, {signal: up.signal});
      });
    });
  }

  /** Put a part in the place of the old one; ticks and focus stay with their rows. */
  function replace(old, made) {
    var ticked = Array.prototype.map.call(old.querySelectorAll("[data-tick]:checked"), function (tick) { return tick.value; });
    var at = focusIn(old);
    old.replaceWith(made);
    each("[data-tick]", function (tick) {
      if (ticked.indexOf(tick.value) < 0) return;
      tick.checked = true;
      tick.dispatchEvent(new Event("change", {bubbles: true}));
    }, made);
    if (at) (made.querySelector(at.exactly) || made.querySelector(at.near) || document.getElementById("main")).focus({preventScroll: true});
  }

  /** Where the focus is within a part, in terms that hold for the next one. */
  function focusIn(old) {
    var active = document.activeElement, row = active && active.closest("tr[data-customer-id]");
    if (!active || !old.contains(active)) return null;
    var place = row ? 'tr[data-customer-id="' + row.getAttribute("data-customer-id") + '"] ' : "";
    var sign = ["data-follow-up", "data-key"].filter(function (name) { return active.hasAttribute(name); })[0];
    return {exactly: place + (sign ? "[" + sign + '="' + active.getAttribute(sign) + '"]' : "a[href]"), near: (place || "") + "a[href]"};
  }

  /* Rows that go */

  var saying = 0;            // rows whose word has not been there for long enough
  var past = new WeakMap();  // the row of somebody who is lost, where the list goes on showing him

  function rememberPast(fresh) {
    each("tr.leaving[data-distribution-id]", function (row) {
      var made = fresh.querySelector('tr[data-distribution-id="' + row.getAttribute("data-distribution-id") + '"]:not([data-watch])');
      if (made) past.set(row, made);
    });
  }

  function untick(row) {
    each("[data-tick]", function (tick) {
      if (tick.checked) {
        tick.checked = false;
        tick.dispatchEvent(new Event("change", {bubbles: true}));
      }
      tick.remove();
    }, row);
  }

  /** Put a word, and what one can do now, in the place of the cells from the one that said why. */
  function say(row, sentence, tone, links) {
    var place = row.querySelector("[data-word]"), width = 1;
    while (place.nextElementSibling) {
      width += place.nextElementSibling.colSpan;
      place.nextElementSibling.remove();
    }
    place.className = "said bare-cell";
    place.colSpan = place.colSpan + width - 1;
    place.replaceChildren(G.el("span", {"class": "word " + (tone || "")}, sentence));
    if (links) place.appendChild(links);
    saying += 1;
    setTimeout(function () {
      saying -= 1;
      catchUp();
    }, WORD);
    row.dispatchEvent(new CustomEvent("spoken", {bubbles: true}));
    announce(nameOf(row).textContent + ": " + sentence);
  }

  function nameOf(row) { return row.querySelector(".name a"); }

  function neighbour(row) {
    function ofTable(step) {
      var next = row[step];
      while (next && next.inert) next = next[step];
      return next && next.querySelector("a[href]");
    }
    return ofTable("nextElementSibling") || ofTable("previousElementSibling") || document.getElementById("main");
  }

  /** A row fades with a word on why, and a little later goes, or becomes that of a past customer. */
  function leave(row, sentence) {
    if (row.classList.contains("leaving")) return;
    if (row.contains(document.activeElement)) neighbour(row).focus({preventScroll: true});
    untick(row);
    row.removeAttribute("data-watch");
    row.removeAttribute("data-href");
    row.classList.add("leaving");
    say(row, sentence);
    row.inert = true;
    setTimeout(function () { collapse(row); }, WORD);
  }

  function collapse(row) {
    var rows = row.parentNode;
    if (!rows) return;
    if (past.has(row)) {
      row.replaceWith(past.get(row));
      catchUp();
      return;
    }
    function gone() {
      row.remove();
      movedAt = performance.now();
      if (!rows.children.length) again = true;
      catchUp();
    }
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) gone();
    else row.animate([{opacity: 1}, {opacity: 0}], 250).onfinish = gone;
  }

  // Whoever was about to click when the rows moved up did not mean the row that is there now.
  document.addEventListener("click", function (event) {
    if (event.detail && performance.now() - movedAt < STILL && event.target.closest("[data-part=list] tr")) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);

  /* Claims */

  function rowOf(id) { return document.querySelector('tr[data-watch][data-customer-id="' + id + '"]'); }

  function won(id) {
    var row = rowOf(id), made = document.getElementById("won");
    if (!row || !made) return;
    var address = made.getAttribute("data-record") + id;
    var name = nameOf(row), links = made.content.cloneNode(true);
    var focused = !name.contains(document.activeElement) && row.contains(document.activeElement);
    untick(row);
    row.removeAttribute("data-watch");
    row.classList.add("won");
    row.setAttribute("data-href", address);
    name.href = address;
    each("a", function (link) { link.href = address; }, links);
    each("a[data-follow-up]", function (link) {
      link.href = address + "#follow-up";
      link.setAttribute("data-follow-up", id);
      link.setAttribute("data-name", name.textContent);
    }, links);
    say(row, made.getAttribute("data-sentence"), "good", links);
    if (focused) row.querySelector(".said a:last-of-type").focus();
  }

  function claimed(answer, several) {
    answer.body.won.forEach(won);
    answer.body.lost.forEach(function (lost) {
      var row = rowOf(lost.id);
      if (row) leave(row, lost.sentence);
    });
    if (several) G.say(answer.body.sentence, answer.body.won.length ? "success" : "error");
    document.dispatchEvent(new CustomEvent("look"));
  }

  function busy(form, on) {
    Array.prototype.forEach.call(form.elements, function (tick) {
      var row = tick.checked && tick.closest("tr"), button = row && row.querySelector("button.claim");
      if (button) button.setAttribute("aria-busy", String(on));
    });
  }

  document.addEventListener("submit", function (event) {
    if (event.target.id === "claim-ticked" && !event.target.hasAttribute("data-sent")) busy(event.target, true);
  }, true);

  /* Follow-ups */

  document.addEventListener("click", function (event) {
    var log = event.target.closest("[data-follow-up]");
    var dialog = document.getElementById("follow-up-dialog");
    if (!log || !dialog || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    var form = dialog.querySelector("form.log"), id = log.getAttribute("data-follow-up");
    if (form.elements.customer_id.value !== id) form.reset();  // what was begun about this customer stays
    form.elements.customer_id.value = id;
    dialog.querySelector("[data-name]").textContent = log.getAttribute("data-name");
    refuse(form, "");
    dialog.showModal();
    form.elements.note.focus();
  });

  function refuse(form, sentence, field) {
    var place = form.querySelector("[data-refusal]"), wrong = field && form.elements[field];
    place.textContent = sentence;
    place.hidden = !sentence;
    each("[aria-invalid]", function (input) { input.removeAttribute("aria-invalid"); }, form);
    if (wrong) {
      wrong.setAttribute("aria-invalid", "true");
      wrong.focus();
    }
  }

  function logged(form, answer) {
    if (!answer.ok) {
      refuse(form, answer.body.error || String(answer.body), answer.body.field);
      return;
    }
    var id = form.elements.customer_id.value;
    form.reset();
    form.elements.customer_id.value = "";
    form.closest("dialog").close();
    G.say(answer.body.said, "success");
    if (partOf("today")) {
      refresh();
      return;
    }
    each('tr.won [data-follow-up="' + id + '"]', function (link) {
      var row = link.closest("tr");
      if (document.activeElement === link) nameOf(row).focus();
      say(row, answer.body.said, "good");
    });
  }

  function released(form, answer) {
    if (!answer.ok) return false;
    var row = form.closest("tr");
    leave(row, answer.body.said);
    refresh(["today", "chips"]).then(function () { if (past.has(row)) collapse(row); });
    return true;
  }

  document.addEventListener("answered", function (event) {
    var form = event.target, answer = event.detail;
    if (form.id === "claim-ticked") busy(form, false);
    if (form.hasAttribute("data-claim") && answer.body.won) {
      event.preventDefault();
      claimed(answer, form.id === "claim-ticked");
    } else if (form.hasAttribute("data-logs")) {
      event.preventDefault();
      logged(form, answer);
    } else if (form.hasAttribute("data-release")) {
      if (released(form, answer)) event.preventDefault();
      else refresh();
    } else if (form.hasAttribute("data-part-of-row") && answer.ok) {
      G.say(answer.body.said, "success");
      refresh(["list"]);
    }
    catchUp();
  });

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-refresh]");
    if (!button) return;
    button.setAttribute("aria-busy", "true");
    refresh().then(function () { button.removeAttribute("aria-busy"); });
  });

  /* Searching while typing */

  var timer = null;

  function search(form) {
    clearTimeout(timer);
    var fields = new URLSearchParams(new FormData(form));
    Array.from(fields).forEach(function (field) { if (!field[1]) fields.delete(field[0]); });
    var address = window.location.pathname + (String(fields) ? "?" + fields : "");
    if (address === window.location.pathname + window.location.search) return;
    window.history.replaceState(null, "", address);
    refresh().then(function (worked) {
      var total = worked && document.querySelector('[data-count="total"]');
      if (total) announce(total.textContent);
    });
  }

  function typed(event) {
    var form = event.target.form;
    if (!form || !form.hasAttribute("data-as-you-type") || event.isComposing) return;
    clearTimeout(timer);
    timer = setTimeout(function () { search(form); }, PAUSE);
  }

  document.addEventListener("input", typed);
  document.addEventListener("compositionend", typed);
  document.addEventListener("submit", function (event) {
    if (!event.target.hasAttribute("data-as-you-type")) return;
    event.preventDefault();
    search(event.target);
  }, true);

  G.refresh = refresh;
  G.leave = leave;
}());

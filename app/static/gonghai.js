/* The script of every page. It only listens and enhances; what matters also works without it. What other scripts share
   with it is in `Gonghai`. */
(function () {
  "use strict";

  var root = document.documentElement;
  root.classList.add("js");

  function each(selector, act, within) {
    Array.prototype.forEach.call((within || document).querySelectorAll(selector), act);
  }

  function el(name, attributes, text) {
    var made = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /* Talking with the server */

  var policy = window.trustedTypes && window.trustedTypes.createPolicy("gonghai", {createHTML: function (html) { return html; }});

  /** Nodes of a page or a part of one that our own server made. */
  function fragment(html) {
    var holder = document.createElement("template");
    holder.innerHTML = policy ? policy.createHTML(html) : html;
    return holder.content;
  }

  function answered(answer) {
    var json = (answer.headers.get("Content-Type") || "").indexOf("application/json") === 0;
    return (json ? answer.json() : answer.text()).then(function (body) {
      return {ok: answer.ok, status: answer.status, body: body};
    });
  }

  function ask(address, options) {
    return fetch(address, Object.assign({credentials: "same-origin", redirect: "error"}, options)).then(answered, function () {
      return {ok: false, status: 0, body: {error: said().getAttribute("data-unreachable")}};
    });
  }

  /** Read JSON; the promise gives {ok, status, body} and never fails. */
  function get(address) { return ask(address, {headers: {Accept: "application/json"}}); }

  /** Post a form or {name: value}; the same. */
  function send(address, fields) {
    var token = document.querySelector("meta[name=csrf-token]");
    var body = fields instanceof FormData ? new URLSearchParams(fields) : new URLSearchParams(Object.entries(fields));
    return ask(address, {method: "POST", body: body,
      headers: {Accept: "application/json", "X-CSRFToken": token ? token.content : ""}});
  }

  /* Words that come without a new page */

  function said() { return document.getElementById("said"); }

  /** Say something for a few seconds: tone is success, error or empty. */
  function say(text, tone) {
    var place = said();
    if (!place || !text) return;
    var line = el("div", {"class": "flash " + (tone || "")});
    line.appendChild(el("p", {}, text));
    line.appendChild(el("button", {type: "button", "data-dismiss": "", "aria-label": place.getAttribute("data-dismiss-label")}, "×"));
    place.appendChild(line);
    setTimeout(function () { line.remove(); }, tone === "error" ? 12000 : 5000);
  }

  window.Gonghai = {each: each, el: el, fragment: fragment, get: get, send: send, say: say,
    faceOf: function (field) { return field; }, enhance: function () {}};  // pickers.js has more to them

  /* Ticked rows: the ticks of a form, the box that ticks them all, and the bar that appears */

  function ticksOf(form) {
    return Array.prototype.filter.call(form.elements, function (field) {
      return field.type === "checkbox" && field.hasAttribute("data-tick");
    });
  }

  function showTicks(form) {
    if (!form) return;
    var ticks = ticksOf(form);
    var chosen = ticks.filter(function (tick) { return tick.checked; }).length;
    ticks.forEach(function (tick) { tick.closest("tr").classList.toggle("ticked", tick.checked); });
    each('[data-tick-all="' + form.id + '"]', function (all) {
      all.checked = chosen > 0 && chosen === ticks.length;
      all.indeterminate = chosen > 0 && chosen < ticks.length;
    });
    each("[data-ticked]", function (count) { count.textContent = chosen; }, form);
    form.classList.toggle("on", chosen > 0);
  }

  /* Forms */

  function confirmed(form, submitter) {
    var asking = [submitter, form].filter(function (each) { return each && each.hasAttribute("data-confirm"); })[0];
    var question = asking && asking.getAttribute("data-confirm");
    each("select[data-confirms]", function (select) {
      var option = select.selectedOptions[0];
      question = (option && option.getAttribute("data-confirm")) || question;
    }, form);
    return !question || window.confirm(question);
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method === "dialog" || event.defaultPrevented) return;
    if (form.hasAttribute("data-sent") || !confirmed(form, event.submitter)) {
      event.preventDefault();
      return;
    }
    if (form.method === "get") {
      var blank = Array.prototype.filter.call(form.elements, function (field) {
        return field.name && !field.value && !field.disabled;
      });
      blank.forEach(function (field) { field.disabled = true; });
      setTimeout(function () { blank.forEach(function (field) { field.disabled = false; }); });
      return;
    }
    form.setAttribute("data-sent", "");
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
    if (form.hasAttribute("data-async")) {
      event.preventDefault();
      sendInPlace(form, event.submitter);
    }
  });

  /** Send a form without leaving the page; it then tells `answered`, and a refusal nobody took care of is said. */
  function sendInPlace(form, submitter) {
    send(form.getAttribute("action"), new FormData(form, submitter)).then(function (answer) {
      form.removeAttribute("data-sent");
      if (submitter) submitter.removeAttribute("aria-busy");
      var untouched = form.dispatchEvent(new CustomEvent("answered", {bubbles: true, cancelable: true, detail: answer}));
      if (untouched && !answer.ok) say(answer.body.error || String(answer.body), "error");
    });
  }

  window.addEventListener("pageshow", function () {
    each("form[data-sent]", function (form) { form.removeAttribute("data-sent"); });
    each('[aria-busy="true"]', function (button) { button.removeAttribute("aria-busy"); });
    each("form[data-bulk]", showTicks);
  });

  document.addEventListener("change", function (event) {
    var field = event.target;
    if (field.hasAttribute("data-tick")) showTicks(field.form);
    if (field.hasAttribute("data-tick-all")) {
      var form = document.getElementById(field.getAttribute("data-tick-all"));
      ticksOf(form).forEach(function (tick) { tick.checked = field.checked; });
      showTicks(form);
    }
    if (field.tagName === "SELECT" && field.form && field.form.hasAttribute("data-autosubmit")) field.form.requestSubmit();
  });

  /** Put a value into a field as a person would. */
  function put(field, value) {
    field.value = value;
    ["input", "change"].forEach(function (kind) { field.dispatchEvent(new Event(kind, {bubbles: true})); });
  }

  /* The drawer */

  var opener = null;

  function drawer(open, link) {
    var sidebar = document.getElementById("sidebar");
    if (!sidebar) return;
    root.classList.toggle("drawer-open", open);
    each(".page, .tabbar", function (behind) { behind.inert = open; });
    each("[data-drawer]", function (button) { button.setAttribute("aria-expanded", String(open)); });
    if (open) {
      opener = link;
      var first = sidebar.querySelector("[aria-current], li a");
      if (first) first.focus();
    } else if (opener) {
      opener.focus();
      opener = null;
    }
  }

  window.matchMedia("(min-width: 960px)").addEventListener("change", function () { drawer(false); });

  /* Clicks */

  document.addEventListener("click", function (event) {
    var target = event.target;

    each("details.pop[open]", function (menu) { if (!menu.contains(target)) menu.open = false; });

    var dismissed = target.closest("[data-dismiss]");
    if (dismissed) dismissed.closest(".flash").remove();

    var toggle = target.closest("[data-drawer]");
    if (toggle) {
      event.preventDefault();
      drawer(toggle.getAttribute("data-drawer") === "open", toggle);
    } else if (root.classList.contains("drawer-open") && !target.closest("#sidebar a")) {
      drawer(event.clientX < document.getElementById("sidebar").getBoundingClientRect().right);
    }

    var quick = target.closest("[data-day][data-for]");
    if (quick) put(document.getElementById(quick.getAttribute("data-for")), quick.getAttribute("data-day"));

    var cleared = target.closest("[data-untick]");
    if (cleared) {
      ticksOf(cleared.form).forEach(function (tick) { tick.checked = false; });
      showTicks(cleared.form);
    }

    var row = target.closest("tr[data-href]");
    if (row && !target.closest("a, button, input, select, textarea, label, summary, form") && !String(getSelection())) {
      window.location.assign(row.getAttribute("data-href"));
    }
  });

  document.addEventListener("focusout", function (event) {
    each("details.pop[open]", function (menu) {
      if (event.relatedTarget && menu.contains(event.target) && !menu.contains(event.relatedTarget)) menu.open = false;
    });
  });

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      each("details.pop[open]", function (menu) { menu.open = false; menu.querySelector("summary").focus(); });
      if (root.classList.contains("drawer-open")) drawer(false);
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.tagName === "TEXTAREA" && event.target.form) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
  });

  function start() {
    each("form[data-bulk]", showTicks);
    var wrong = document.querySelector('[aria-invalid="true"]');
    if (wrong) wrong.focus();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}());

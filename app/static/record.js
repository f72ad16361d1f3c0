/* The record page of a customer: every step without leaving it. The parts (data-part) are rendered by the server; after a
   step the same page is fetched and its parts are put in. What somebody is typing stays where it is. */
(function () {
  "use strict";

  var record = document.getElementById("record");
  if (!record) return;
  var G = window.Gonghai;
  var POINTS = window.matchMedia("(hover: hover)").matches;
  var address = window.location.pathname + window.location.search;

  function note() { return document.getElementById("log-note"); }
  function draftOf(field) { return G.draft(field.getAttribute("data-draft"), record.getAttribute("data-id")); }
  function partOf(name, within) { return (within || document).querySelector('[data-part="' + name + '"]'); }

  /* The parts, anew */

  /** Fetch the page and put its parts in; the promise says whether it was there. */
  function refresh(from) {
    return G.get(from || address).then(function (answer) {
      if (!answer.ok || typeof answer.body !== "string") return false;
      var fresh = G.fragment(answer.body);
      if (!fresh.querySelector("#record")) return false;
      if (from && from !== address) {
        address = from;
        window.history.replaceState(null, "", from);
      }
      document.title = fresh.querySelector("title").textContent;
      document.querySelector("h1").textContent = fresh.querySelector("h1").textContent;
      G.each("main > .flash:not([hidden])", function (flash) {
        G.say(flash.querySelector("p").textContent, flash.classList.contains("error") ? "error" : "success");
      }, fresh);
      var focused = focus();
      G.each("[data-part]", function (part) { replace(part, fresh); });
      focused();
      hide();
      start();
      return true;
    });
  }

  function replace(old, fresh) {
    var made = partOf(old.getAttribute("data-part"), fresh);
    var typed = old.querySelector("[data-draft]");
    if (!made || old.querySelector("dialog[open]")) return;
    if (typed && typed.value.trim()) {
      if (!made.querySelector("[data-draft]")) refuse(typed.form, record.getAttribute("data-gone"));
      return;
    }
    G.each("details[data-stays][open]", function (each) {
      var same = made.querySelector("#" + each.id);
      if (same) same.open = true;
    }, old);
    old.replaceWith(made);
  }

  /** Remember where the focus is; what is given back puts it there again, or near. */
  function focus() {
    var at = document.activeElement, part = at && at.closest("[data-part]");
    if (!part) return function () {};
    return function () {
      if (at.isConnected || (at.localName === "textarea" && !POINTS)) return;  // no keyboard that covers half a phone
      var now = partOf(part.getAttribute("data-part"));
      var next = (at.id && document.getElementById(at.id)) || now.querySelector("button, a[href], summary") || now;
      if (next === now) now.tabIndex = -1;
      next.focus();
    };
  }

  /* Steps, and how they are refused */

  function refuse(form, sentence, field) {
    var place = form.querySelector("[data-refusal]");
    if (!place) { G.say(sentence, "error"); return; }
    place.textContent = sentence || "";
    place.hidden = !sentence;
    var wrong = field && form.elements[field];
    if (wrong && wrong.setAttribute) {
      wrong.setAttribute("aria-invalid", String(!!sentence));
      if (sentence) wrong.focus();
    }
  }

  document.addEventListener("answered", function (event) {
    var form = event.target, answer = event.detail;
    if (form.hasAttribute("data-claim")) claimed(event, form, answer);
    if (!form.hasAttribute("data-step")) return;
    event.preventDefault();
    if (!answer.ok) {
      refuse(form, answer.body.error || String(answer.body), answer.body.field);
      if (answer.status === 404 || answer.status === 409) look();
      return;
    }
    done(form, answer.body);
  });

  function done(form, body) {
    var dialog = form.closest("dialog");
    if (form.querySelector("[data-draft]")) {
      draftOf(form.querySelector("[data-draft]")).clear();
      form.reset();
    }
    if (dialog) dialog.close();
    G.say(body.said, "success");
    refresh(body.page).then(function (there) { if (!there) window.location.assign(body.page); });
  }

  function claimed(event, form, answer) {
    var lost = answer.body.lost && answer.body.lost[0];
    event.preventDefault();
    if (answer.ok) {
      G.say(form.getAttribute("data-said"), "success");
      refresh(form.getAttribute("data-page")).then(function (there) {
        if (!there) window.location.assign(form.getAttribute("data-page"));
        else if (note() && POINTS) note().focus();
      });
      return;
    }
    G.say(lost ? lost.sentence : answer.body.error, "error");
    look();
  }

  /* What is typed */

  document.addEventListener("input", function (event) {
    var field = event.target;
    if (field.hasAttribute("data-draft")) {
      draftOf(field).write(field.value);
      refuse(field.form, "", field.name);
    }
    if (field.hasAttribute("data-narrows")) narrow(field);
  });

  function start() {
    if (note() && !note().value) note().value = draftOf(note()).read();
    if (G.enhance) G.enhance(record);
  }

  /** Show only those of a list in which the typed text stands. */
  function narrow(field) {
    var list = document.getElementById(field.getAttribute("data-narrows")), left = 0;
    var typed = field.value.trim().toLowerCase();
    G.each("label", function (label) {
      label.hidden = label.textContent.toLowerCase().indexOf(typed) < 0;
      if (label.hidden) label.querySelector("input").checked = false;
      else left += 1;
    }, list);
    list.querySelector(".nothing").hidden = left > 0;
  }

  document.addEventListener("keydown", function (event) {
    var typing = event.target.closest("input, select, textarea, dialog, [contenteditable]");
    if (event.isComposing) return;
    if (event.target.hasAttribute("data-narrows") && (event.key === "Enter" || event.key === "ArrowDown")) {
      event.preventDefault();
      var first = document.querySelector("#" + event.target.getAttribute("data-narrows") + " label:not([hidden]) input");
      if (first) { first.checked = true; first.focus(); }
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || G.keysOff()) return;
    if (event.key.toLowerCase() === "f" && note()) {
      event.preventDefault();
      note().focus();
    }
    var claim = event.key.toLowerCase() === "c" && document.querySelector("form[data-claim]");
    if (claim) claim.requestSubmit();
  });

  /* Clicks */

  document.addEventListener("click", function (event) {
    var target = event.target.closest("[data-copy], [data-opens], [data-edits], [data-reload]");
    if (!target) return;
    if (target.hasAttribute("data-copy")) copy(target);
    if (target.hasAttribute("data-reload")) refresh().then(function (there) { if (!there) gone(); });
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (target.hasAttribute("data-opens")) {
      event.preventDefault();
      document.getElementById(target.getAttribute("data-opens")).showModal();
    }
    if (target.hasAttribute("data-edits")) {
      event.preventDefault();
      edit(target.href, target.getAttribute("data-edits"));
    }
  });

  function copy(button) {
    var text = button.getAttribute("data-copy");
    var copied = window.isSecureContext ? navigator.clipboard.writeText(text) : Promise.resolve(copyBySelection(text));
    copied.then(function () { G.say(button.getAttribute("data-copied"), "success"); }, function () {});
  }

  /** Browsers give the clipboard to secure pages only; elsewhere a selection is copied. */
  function copyBySelection(text) {
    var field = G.el("textarea", {"class": "sr-only"});
    field.value = text;
    document.body.appendChild(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }

  /* Forms of other pages in a dialog: the same form, the same rules */

  var editing = document.getElementById("edit"), place = editing.querySelector("[data-place]"), before = "";

  function typedIn(form) { return form ? new URLSearchParams(new FormData(form)).toString() : ""; }

  function edit(href, title) {
    G.get(href).then(function (answer) {
      if (!answer.ok || typeof answer.body !== "string") { window.location.assign(href); return; }
      editing.querySelector("h2").textContent = title;
      show(G.fragment(answer.body), href);
      editing.showModal();
      before = typedIn(place.querySelector("form"));
    });
  }

  function show(fresh, href) {
    var form = fresh.querySelector("form.admin-form");
    if (!form) { G.say((fresh.querySelector(".error-page p:not(.status)") || fresh).textContent.trim(), "error"); return; }
    place.textContent = "";
    form.setAttribute("action", href);
    form.removeAttribute("data-guard");  // closing the dialog asks
    G.each(".flash.error, .flash.conflict", function (flash) { place.appendChild(flash); }, fresh);
    place.appendChild(form);
    if (G.enhance) G.enhance(form);
    var wrong = form.querySelector('[aria-invalid="true"]');
    if (wrong) wrong.focus();
  }

  editing.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method === "dialog") return;
    event.preventDefault();
    var sender = event.submitter;
    if (sender) sender.disabled = true;
    fetch(form.getAttribute("action"), {method: "POST", body: new FormData(form), credentials: "same-origin",
      redirect: "manual", headers: {Accept: "text/html"}}).then(function (answer) {
      if (answer.type === "opaqueredirect") return saved();
      return answer.text().then(function (html) { show(G.fragment(html), form.getAttribute("action")); });
    }, function () {
      G.say(document.getElementById("said").getAttribute("data-unreachable"), "error");
    }).then(function () { if (sender) sender.disabled = false; });
  });

  function saved() {
    before = typedIn(place.querySelector("form"));
    editing.close();
    return refresh().then(function (there) { if (!there) look(); });
  }

  function mayLeave() {
    return typedIn(place.querySelector("form")) === before || window.confirm(editing.getAttribute("data-unsaved"));
  }

  editing.addEventListener("cancel", function (event) { if (!mayLeave()) event.preventDefault(); });
  editing.querySelector("form[method=dialog]").addEventListener("submit", function (event) {
    if (!mayLeave()) event.preventDefault();
  });
  editing.addEventListener("close", function () { place.textContent = ""; });
  editing.addEventListener("click", function (event) {
    if (event.target.closest(".buttons a")) {
      event.preventDefault();
      if (mayLeave()) editing.close();
    }
  });

  /* Whether somebody else changes him meanwhile */

  var changed = document.getElementById("changed"), every = 10000, over = false;

  function tell(sentence, reloadable) {
    changed.querySelector("p").textContent = sentence;
    changed.querySelector("[data-reload]").hidden = !reloadable;
    changed.hidden = false;
  }

  function hide() { changed.hidden = true; }

  function gone() {
    over = true;
    tell(record.getAttribute("data-gone"), false);
  }

  /** Ask for the state; say so if it is another than the page shows. */
  function look() {
    var asked = record.getAttribute("data-state-url"), shown = partOf("who").getAttribute("data-state");
    if (!asked || over) return;
    var address = G.notices.asked(asked);
    address.searchParams.set("shown", shown);
    G.get(address).then(function (answer) {
      if (answer.ok) G.notices.heard(answer.body.notices);
      if (answer.status === 404) gone();
      if (answer.status === 401) { over = true; tell(record.getAttribute("data-logged-out"), false); }
      if (answer.ok && answer.body.state !== shown && partOf("who").getAttribute("data-state") === shown) {
        tell(answer.body.said, true);
      }
    });
  }

  setInterval(function () { if (!document.hidden) look(); }, every);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) look(); });

  start();
}());

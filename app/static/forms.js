/* Forms that are filled in and saved: fields are checked when they are left and before they are sent, in the server's
   sentences; unsaved entries are not left without asking; and of two who changed the same, one takes the other's. */
(function () {
  "use strict";

  var Gonghai = window.Gonghai, each = Gonghai.each, el = Gonghai.el;
  var edited = new WeakSet(), stored = new WeakMap(), sent = new WeakSet();
  var discarded = false;

  /* What is wrong with a field */

  function numberOf(field) {
    var text = field.value.normalize("NFKC").trim();
    var form = field.getAttribute("data-kind") === "integer" ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)$/;
    var places = Number(field.getAttribute("data-places") || 20);
    return form.test(text) && (text.split(".")[1] || "").replace(/0+$/, "").length <= places ? Number(text) : NaN;
  }

  function readable(field) {
    var kind = field.getAttribute("data-kind");
    if (field.validity && field.validity.badInput) return false;
    if (kind === "date") return Gonghai.dayOf(field.value) !== null;
    return !kind || !isNaN(numberOf(field));
  }

  /** What counts of what was typed: blanks around it do in a password alone. */
  function textOf(field) { return field.type === "password" ? field.value.normalize("NFKC") : field.value.trim(); }

  function lengthOf(field) { return Array.from(textOf(field).replace(/\r?\n/g, "\r\n")).length; }

  function longer(field) { return lengthOf(field) > Number(field.getAttribute("data-longest")); }

  function shorter(field) { return lengthOf(field) < Number(field.getAttribute("data-shortest")); }

  function differsFrom(other, field) { return other && other.value !== field.value; }

  function outOfRange(field) {
    var value = numberOf(field);
    return value < Number(field.getAttribute("data-least")) || value > Number(field.getAttribute("data-most"));
  }

  /** The sentence a field is refused with; empty if there is nothing to say. */
  function refusal(field) {
    var blank = !textOf(field) || field.value === "__None";
    if (blank && !(field.validity && field.validity.badInput)) return field.getAttribute("data-missing") || "";
    if (!readable(field)) return field.getAttribute("data-unreadable") || "";
    if (field.hasAttribute("data-longest") && longer(field)) return field.getAttribute("data-too-long");
    if (field.hasAttribute("data-shortest") && shorter(field)) return field.getAttribute("data-too-short");
    if (differsFrom(field.form.elements[field.getAttribute("data-same-as")], field)) return field.getAttribute("data-differs");
    if (field.hasAttribute("data-least") && outOfRange(field)) return field.getAttribute("data-out-of-range");
    return "";
  }

  function ruled(form) {
    return Array.prototype.filter.call(form.elements, function (field) {
      return !field.disabled && ["data-missing", "data-kind", "data-longest", "data-least", "data-shortest", "data-same-as"].some(function (name) {
        return field.hasAttribute(name);
      });
    });
  }

  /** Show a sentence at a field, or take it away. */
  function mark(field, sentence) {
    var place = field.closest(".field"), face = Gonghai.faceOf(field), id = field.id + "-errors";
    if (!place) return;
    var list = place.querySelector("ul.errors");
    var about = (face.getAttribute("aria-describedby") || "").split(" ").filter(function (each) { return each && each !== id; });
    if (!sentence) {
      if (list) list.remove();
      face.removeAttribute("aria-invalid");
    } else {
      if (!list) {
        list = el("ul", {"class": "errors", id: id});
        place.insertBefore(list, place.querySelector(".help"));
      }
      list.textContent = "";
      list.appendChild(el("li", {}, sentence));
      face.setAttribute("aria-invalid", "true");
      about.push(id);
    }
    if (about.length) face.setAttribute("aria-describedby", about.join(" "));
    else face.removeAttribute("aria-describedby");
  }

  function isMarked(field) { return Gonghai.faceOf(field).getAttribute("aria-invalid") === "true"; }

  /** Take back what is no longer wrong. */
  function relax(field) { if (isMarked(field) && !refusal(field)) mark(field, ""); }

  function nameOf(field) {
    var label = document.querySelector('label[for="' + CSS.escape(Gonghai.faceOf(field).id) + '"]');
    return label ? label.firstChild.textContent.trim() : field.name;
  }

  /** What is wrong, above the form, each a link to its field; the focus goes there, or to the only field it is about. */
  function summarize(form, wrong) {
    each("[data-error-summary]", function (old) { old.remove(); });
    if (wrong.length === 1) { Gonghai.faceOf(wrong[0]).focus(); return; }
    var box = el("div", {"class": "flash error", role: "alert", tabindex: "-1", "data-error-summary": ""});
    var inside = el("div"), list = el("ul");
    inside.append(el("p", {}, form.getAttribute("data-summary")), list);
    wrong.forEach(function (field) {
      var line = el("li");
      line.append(el("a", {href: "#" + field.id}, nameOf(field)), ": " + refusal(field));
      list.appendChild(line);
    });
    box.appendChild(inside);
    form.before(box);
    box.focus();
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.hasAttribute("data-form")) return;
    var wrong = ruled(form).filter(function (field) {
      var sentence = refusal(field);
      if (sentence || isMarked(field)) mark(field, sentence);
      return sentence;
    });
    if (!wrong.length) return;
    event.preventDefault();
    event.stopPropagation();
    summarize(form, wrong);
  }, true);

  document.addEventListener("focusout", function (event) {
    var place = event.target.closest && event.target.closest("form[data-form] .field");
    if (!place || place.contains(event.relatedTarget)) return;
    ruled(event.target.form || place.closest("form")).forEach(function (field) {
      if (place.contains(field) && edited.has(field)) mark(field, refusal(field));
    });
  });

  ["input", "change"].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      var field = event.target, form = field.form || (field.closest && field.closest("form"));
      if (!form || !form.hasAttribute("data-form")) return;
      edited.add(field);
      each('[data-same-as="' + field.name + '"]', relax, form);
      if (field.value !== undefined) relax(field);
      note(form);
    });
  });

  /* Entries that are not saved yet */

  function differs(field) {
    if (!field.name || field.disabled || field.name === "csrf_token" || field.name === "shown") return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return stored.get(field) !== field.value;
    if (field.type === "hidden") return stored.has(field) && stored.get(field) !== field.value;
    return "defaultValue" in field && field.value !== field.defaultValue;
  }

  function isUnsaved(form) {
    return !sent.has(form) && (form.hasAttribute("data-unsaved") || Array.prototype.some.call(form.elements, differs));
  }

  function note(form) {
    each("[data-unsaved-note]", function (told) { told.hidden = !isUnsaved(form); }, form);
  }

  /** What a select or a picked row began with; a select that shows what it was before a reload has begun with its default. */
  function remember(form) {
    Array.prototype.forEach.call(form.elements, function (field) {
      if (field.type === "hidden") stored.set(field, field.getAttribute("value") || "");
      if (field.tagName !== "SELECT") return;
      var first = Array.prototype.filter.call(field.options, function (option) { return option.defaultSelected; })[0] || field.options[0];
      stored.set(field, first ? first.value : "");
    });
  }

  window.addEventListener("beforeunload", function (event) {
    var waiting = Array.prototype.some.call(document.querySelectorAll("form[data-guard]"), isUnsaved);
    if (!waiting || discarded) return;
    event.preventDefault();
    event.returnValue = "";  // what older browsers listen to
  });

  document.addEventListener("submit", function (event) {
    if (!event.defaultPrevented && event.target.hasAttribute("data-guard")) sent.add(event.target);
  });

  window.addEventListener("pageshow", function () {
    discarded = false;
    each("form[data-guard]", function (form) { sent.delete(form); note(form); });
  });

  /* Clicks: another's value instead of mine, a link of the summary, rows of an inline form */

  document.addEventListener("click", function (event) {
    var target = event.target;
    if (target.closest("[data-discard]")) discarded = true;

    var take = target.closest("[data-take]");
    var field = take && document.getElementById(take.getAttribute("data-take"));
    if (field) {
      Gonghai.put(field, JSON.parse(take.getAttribute("data-values")), take.getAttribute("data-text"));
      take.closest(".field").classList.remove("differs");
      take.closest(".theirs").remove();
      (field.getAttribute("role") === "group" ? field : Gonghai.faceOf(field)).focus();
    }

    var link = target.closest("[data-error-summary] a[href^='#']");
    var wrong = link && document.getElementById(link.getAttribute("href").slice(1));
    if (wrong) {
      event.preventDefault();
      var first = wrong.getAttribute("role") === "group" ? wrong.querySelector("input") : null;
      (first || Gonghai.faceOf(wrong)).focus();
    }
    inlineClick(event);
  });

  function inlineClick(event) {
    var remove = event.target.closest("[data-inline-remove]");
    if (remove && window.confirm(remove.getAttribute("data-inline-remove"))) remove.closest(".inline-field").remove();

    var add = event.target.closest("[data-inline-add]");
    if (!add) return;
    var field = add.closest(".inline-field");
    var list = field.querySelector(":scope > .inline-field-list");
    var next = Array.prototype.reduce.call(list.children, function (top, row) {
      return Math.max(top, Number(row.id.split("-").pop()) + 1);
    }, 0);
    var row = field.querySelector(":scope > template").content.firstElementChild.cloneNode(true);
    var prefix = (field.classList.contains("fresh") ? field.id : add.getAttribute("data-inline-add")) + "-" + next;
    row.id = prefix;
    row.classList.add("fresh");
    each("label[for]", function (label) { label.htmlFor = prefix + "-" + label.htmlFor; }, row);
    each("[name]", function (input) {
      input.id = prefix + (input.id ? "-" + input.id : "");
      input.name = prefix + (input.name ? "-" + input.name : "");
    }, row);
    list.appendChild(row);
    Gonghai.enhance(row);
    var first = row.querySelector("input:not([type=hidden]), select, textarea");
    if (first) first.focus();
  }

  /* The beginning */

  function begin(form) {
    form.noValidate = true;  // the same is said here, in the server's words and at the field
    remember(form);
    Array.prototype.forEach.call(form.elements, function (field) {
      if (field.hasAttribute("data-longest")) field.removeAttribute("maxlength");  // what is pasted is never cut off silently
      if (field.type === "number") {
        field.type = "text";
        field.inputMode = field.getAttribute("data-kind") === "integer" ? "numeric" : "decimal";
      }
      if (field.getAttribute("aria-invalid")) edited.add(field);
    });
    note(form);
  }

  var giveFaces = Gonghai.enhance;
  Gonghai.enhance = function (part) {
    giveFaces(part);
    if (part.matches && part.matches("form[data-form]")) begin(part);
    each("form[data-form]", begin, part);
  };
  each("form[data-form]", begin);

  document.addEventListener("DOMContentLoaded", function () {  // after the focus every page gives to its first wrong field
    var summary = document.querySelector("[data-error-summary]");
    if (summary && (summary.classList.contains("conflict") || document.querySelectorAll('[aria-invalid="true"]').length > 1)) summary.focus();
  });
}());

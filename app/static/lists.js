/* Lists: searching while typing, and putting columns in order. Both work without this script, with their buttons. */
(function () {
  "use strict";

  var WAIT = 250;

  /* Search: the same address is asked as by the button, and the parts of its page take the place of ours. Nothing is
     sent while an input method composes a word. */

  var timer = null, asked = 0, last = null;

  function addressOf(form) {
    var address = new URL(window.location.pathname, window.location.href);
    new FormData(form).forEach(function (value, name) {
      if (String(value).trim()) address.searchParams.append(name, value);
    });
    return address;
  }

  function replaceParts(page) {
    var found = false;
    Gonghai.each("[data-part]", function (part) {
      var name = part.getAttribute("data-part");
      var other = page.querySelector('[data-part="' + name + '"]');
      if (!other) return;
      found = found || name === "list";
      part.replaceWith(document.importNode(other, true));
    });
    return found;
  }

  function tell() {
    var list = document.querySelector('[data-part="list"]');
    var place = document.querySelector("[data-found]");
    if (list && place) place.textContent = list.getAttribute("data-said");
  }

  function search(form) {
    var address = addressOf(form), number = asked += 1;
    if (String(address) === last) return;
    last = String(address);
    form.setAttribute("aria-busy", "true");
    Gonghai.get(address).then(function (answer) {
      if (number !== asked) return;
      form.removeAttribute("aria-busy");
      if (answer.ok && replaceParts(Gonghai.fragment(answer.body))) {
        window.history.replaceState(null, "", address);
        tell();
      } else {
        last = null;
        Gonghai.say(answer.body.error || "", "error");
      }
    });
  }

  function soon(form) {
    clearTimeout(timer);
    timer = setTimeout(function () { search(form); }, WAIT);
  }

  var field = document.querySelector("[data-live-search] [type=search]");
  if (field) {
    last = String(addressOf(field.form));
    field.addEventListener("input", function (event) { if (!event.isComposing) soon(field.form); });
    field.addEventListener("compositionstart", function () { clearTimeout(timer); });
    field.addEventListener("compositionend", function () { soon(field.form); });
    field.form.addEventListener("submit", function (event) {
      event.preventDefault();
      clearTimeout(timer);
      search(field.form);
    });
  }

  /* Columns: the arrows move a line at once; the form keeps the order when it is sent. */

  document.addEventListener("click", function (event) {
    var arrow = event.target.closest('[data-columns] button[name="up"], [data-columns] button[name="down"]');
    if (!arrow) return;
    event.preventDefault();
    var line = arrow.closest("li"), up = arrow.name === "up";
    var other = up ? line.previousElementSibling : line.nextElementSibling;
    if (!other || !other.querySelector("button")) return;
    if (up) other.before(line); else other.after(line);
    arrow.focus();
    line.scrollIntoView({block: "nearest"});
  });
}());

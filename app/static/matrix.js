/* The matrix of permissions: marks what differs from what is stored, and on a narrow screen shows one role at a time.
   Without it the table scrolls and works the same. */
(function () {
  "use strict";

  var form = document.querySelector("[data-matrix]");
  var picker = document.querySelector("[data-matrix-role]");
  var remembered = "matrix-role";
  if (!form) return;

  function differs(field) {
    if (field.type === "checkbox") return field.checked !== field.hasAttribute("data-stored");
    return !field.selectedOptions[0].hasAttribute("data-stored");
  }

  function count() {
    var fields = form.querySelectorAll('input[type="checkbox"], select');
    var number = Array.prototype.filter.call(fields, function (field) {
      field.closest("td, th").classList.toggle("differs", differs(field));
      return differs(field);
    }).length;
    var told = form.querySelector("[data-changes]");
    if (!told) return;
    told.hidden = number === 0;
    told.querySelector("b").textContent = number;
  }

  function show() {
    Array.prototype.forEach.call(form.querySelectorAll("[data-role-id]"), function (cell) {
      cell.classList.toggle("shown", cell.getAttribute("data-role-id") === picker.value);
    });
  }

  form.addEventListener("change", count);
  window.addEventListener("pageshow", count);
  picker.addEventListener("change", function () {
    sessionStorage.setItem(remembered, picker.value);
    show();
  });
  var last = sessionStorage.getItem(remembered);
  if (last && picker.querySelector('option[value="' + CSS.escape(last) + '"]')) picker.value = last;
  show();
  count();
}());

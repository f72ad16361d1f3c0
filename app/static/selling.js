/* Public Pool, My Customers and what to do today: logging a follow-up where one stands. Without it the button leads to
   the customer's page. */
(function () {
  "use strict";

  document.addEventListener("click", function (event) {
    var log = event.target.closest("[data-follow-up]");
    var dialog = document.getElementById("follow-up-dialog");
    if (!log || !dialog || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    dialog.querySelector("[name=customer_id]").value = log.getAttribute("data-follow-up");
    dialog.querySelector("[data-name]").textContent = log.getAttribute("data-name");
    dialog.showModal();
    dialog.querySelector("textarea").focus();
  });
}());

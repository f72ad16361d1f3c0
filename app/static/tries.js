/* Who tried what, below a row of the pool: the link of the row unfolds what its page tells, and folds it again. What is
   unfolded stays so when the list is made anew. Without the script the link opens that page. */
(function () {
  "use strict";

  var G = window.Gonghai;
  var told = new Map();  // by customer's number, the row that tells of him

  function linkOf(id) {
    var row = document.querySelector('tr[data-customer-id="' + id + '"]');
    return row && row.querySelector("[data-tries]");
  }

  function idOf(place) { return place.closest("tr").getAttribute("data-customer-id"); }

  function mark() {
    G.each("[data-tries]", function (link) { link.setAttribute("aria-expanded", String(told.has(idOf(link)))); });
  }

  function fold(id) {
    var row = told.get(id);
    told.delete(id);
    if (row) row.remove();
    mark();
  }

  function place(id) {
    var link = linkOf(id), row = link && link.closest("tr");
    if (!row) return fold(id);
    told.get(id).firstChild.colSpan = row.cells.length;
    row.after(told.get(id));
  }

  function unfold(link, id) {
    var address = new URL(link.href, window.location.href);
    address.searchParams.set("part", "1");
    link.setAttribute("aria-busy", "true");
    G.get(address).then(function (answer) {
      link.removeAttribute("aria-busy");
      if (!answer.ok || typeof answer.body !== "string") {
        G.say(answer.body.error || "", "error");
        return;
      }
      var row = G.el("tr", {"class": "told", "data-tells": id}), cell = row.appendChild(G.el("td"));
      cell.appendChild(G.fragment(answer.body));
      told.set(id, row);
      place(id);
      mark();
    });
  }

  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-tries]");
    if (!link || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    if (told.has(idOf(link))) fold(idOf(link));
    else if (link.getAttribute("aria-busy") !== "true") unfold(link, idOf(link));
  });

  document.addEventListener("keydown", function (event) {
    var row = event.key === "Escape" && event.target.closest("tr.told");
    if (!row) return;
    var id = row.getAttribute("data-tells"), link = linkOf(id);
    fold(id);
    if (link) link.focus();
  });

  document.addEventListener("spoken", function (event) { fold(event.target.getAttribute("data-customer-id")); });
  document.addEventListener("refreshed", function () {
    Array.from(told.keys()).forEach(place);
    mark();
  });
  mark();
}());

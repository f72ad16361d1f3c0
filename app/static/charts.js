/* Draws the tables of a page's charts as pictures, in the colours of the page, and saves them as files. Without it the
   tables are there. */
(function () {
  "use strict";

  var drawn = [];

  /** The numbers of a figure as its table has them. */
  function read(figure) {
    var heads = figure.querySelectorAll("thead th[data-tone]");
    var rows = Array.prototype.slice.call(figure.querySelectorAll("tbody tr"));
    return {
      stacked: figure.hasAttribute("data-stacked"),
      labels: rows.map(function (row) { return row.querySelector("[data-short]").getAttribute("data-short"); }),
      series: Array.prototype.map.call(heads, function (head, column) {
        return {label: head.textContent, tone: head.getAttribute("data-tone"), line: head.hasAttribute("data-line"),
          numbers: rows.map(function (row) { return Number(row.querySelectorAll("[data-number]")[column].getAttribute("data-number")); })};
      })
    };
  }

  function token(name) { return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim(); }

  var TONES = {accent: "accent", good: "good", warn: "warn-bar", bad: "bad-bar", soft: "edge"};

  function datasets(table) {
    return table.series.map(function (series) {
      var colour = token(TONES[series.tone]);
      return {type: series.line ? "line" : "bar", label: series.label, data: series.numbers, order: series.line ? 0 : 1,
        backgroundColor: colour, borderColor: series.line ? colour : token("card"), borderWidth: series.line ? 2 : 0,
        pointRadius: series.line ? 2 : 0, cubicInterpolationMode: "monotone", borderRadius: 2, maxBarThickness: 28,
        stack: table.stacked && !series.line ? "bars" : series.label};
    });
  }

  function options(figure) {
    var calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    var stacked = figure.hasAttribute("data-stacked");
    return {
      animation: calm ? false : {duration: 250}, responsive: true, maintainAspectRatio: false, locale: document.documentElement.lang,
      interaction: {mode: "index", intersect: false},
      font: {family: getComputedStyle(document.body).fontFamily},
      plugins: {
        legend: {position: "bottom", align: "start", labels: {color: token("soft"), boxWidth: 12, boxHeight: 12, padding: 14}},
        tooltip: {backgroundColor: token("ink"), titleColor: token("card"), bodyColor: token("card"), padding: 10, boxPadding: 4}
      },
      scales: {
        x: {stacked: stacked, grid: {display: false}, border: {color: token("line")},
          ticks: {color: token("soft"), maxRotation: 0, autoSkipPadding: 14}},
        y: {stacked: stacked, beginAtZero: true, border: {display: false}, grid: {color: token("line")},
          ticks: {color: token("soft"), precision: 0, maxTicksLimit: 5}}
      }
    };
  }

  function draw(figure) {
    var place = figure.querySelector("[data-picture]");
    if (!place) return;
    var table = read(figure);
    var canvas = window.Gonghai.el("canvas", {role: "img", "aria-labelledby": figure.getAttribute("aria-labelledby"),
      "aria-describedby": figure.getAttribute("aria-describedby")});
    place.appendChild(canvas);
    place.hidden = false;
    drawn.push({figure: figure, table: table, chart: new window.Chart(canvas, {
      data: {labels: table.labels, datasets: datasets(table)}, options: options(figure)})});
  }

  /** The page went from light to dark, or back. */
  function recolour() {
    drawn.forEach(function (each) {
      each.chart.data.datasets = datasets(each.table);
      each.chart.options = options(each.figure);
      each.chart.update("none");
    });
  }

  /** The table as a file, as a spreadsheet reads it. */
  function save(figure) {
    var lines = Array.prototype.map.call(figure.querySelectorAll("table tr"), function (row) {
      return Array.prototype.map.call(row.children, function (cell) {
        return '"' + (cell.getAttribute("data-number") || cell.getAttribute("data-day") || cell.textContent).replace(/"/g, '""') + '"';
      }).join(",");
    });
    var file = URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], {type: "text/csv"}));
    window.Gonghai.el("a", {href: file, download: figure.getAttribute("data-chart") + ".csv"}).click();
    setTimeout(function () { URL.revokeObjectURL(file); }, 1000);
  }

  function start() {
    window.Gonghai.each("figure[data-chart]", draw);
    window.Gonghai.each("[data-save]", function (button) {
      button.hidden = false;
      button.addEventListener("click", function () { save(button.closest("figure")); });
    });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
    new MutationObserver(recolour).observe(document.documentElement, {attributes: true, attributeFilter: ["class", "data-theme", "style"]});
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}());

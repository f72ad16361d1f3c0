/* Drafts of what was typed and not yet sent: they outlive a reload, not the session. They stay in this tab, under the
   session they were typed in; whoever logs in next finds none, and the login page throws all of them away. */
(function () {
  "use strict";

  var store = window.sessionStorage, PREFIX = "draft:";

  function wipe(except) {
    Object.keys(store).forEach(function (key) {
      if (key.indexOf(PREFIX) === 0 && !(except && key.indexOf(except) === 0)) store.removeItem(key);
    });
  }

  /** The draft of one field: `{read, write, clear}`. */
  function draft(session, name) {
    var key = PREFIX + session + ":" + name;
    wipe(PREFIX + session + ":");
    return {
      read: function () { return store.getItem(key) || ""; },
      write: function (text) { if (text.trim()) store.setItem(key, text); else store.removeItem(key); },
      clear: function () { store.removeItem(key); }
    };
  }

  window.Gonghai.draft = draft;
  document.addEventListener("submit", function (event) {
    if (/\/logout$/.test(event.target.getAttribute("action") || "")) wipe();
  });
  if (document.body.classList.contains("bare")) wipe();
}());

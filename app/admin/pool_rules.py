"""The pool rules: the school's, and what departments and sources have otherwise; previewed, then saved."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import abort, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import current
from app.admin import conflicts, recomputing, rule_history
from app.admin.guard import GuardedView, allowed
from app.admin.rule_form import GROUPS, RuleForm, said_in
from app.admin.rule_words import calendars_in_use, code_of, differences, find, in_words, named, scopes
from app.errors import DomainError
from app.extensions import db
from app.permissions import Permission
from app.services import backtest, pool_rules, rule_book, rule_preview
from app.services.pool_rules import SCHOOL, Scope


class PoolRulesView(GuardedView):
    """`/admin/poolrules/`, and `/admin/poolrules/edit/?scope=…` for one set of rules.

    Changing them takes two steps: the preview says what would come of it, and stores nothing.
    """

    group, order, menu_title = "settings", 15, _l("Pool rules")
    needs = {"index_view": Permission.SETTINGS_READ, "state_view": Permission.SETTINGS_READ,
             "edit_view": Permission.SETTINGS_WRITE, "change_view": Permission.SETTINGS_WRITE}

    @expose("/")
    def index_view(self) -> str:
        """All rules as they stand, the days to come that do not count, and who changed what."""
        book = current.rules()
        page: str = self.render(
            "screens/pool_rules.html", can_change=allowed(Permission.SETTINGS_WRITE),
            school=in_words(pool_rules.said_by(book, SCHOOL), SCHOOL), rules=scopes(book),
            calendars=calendars_in_use(book), recomputation=recomputing.last(), owed=recomputing.is_owed(),
            history=rule_history.lines())
        return page

    @expose("/state/")
    def state_view(self) -> ResponseReturnValue:
        """How far the recomputation is, for the script that waits for its end."""
        current.set_unattended()
        line = recomputing.last() or abort(404)
        answer = jsonify(line.as_json())
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/edit/")
    def edit_view(self) -> str:
        """The form of one set of rules."""
        scope = _asked_scope()
        return self._form(RuleForm.of(scope, current.rules(), data=pool_rules.said_by(current.rules(), scope)), scope)

    @expose("/edit/", methods=("POST",))
    def change_view(self) -> ResponseReturnValue:
        """The next step: preview the rules, save them, or go back to their form."""
        scope = _asked_scope()
        form = RuleForm.of(scope, current.rules(), request.form)
        step = request.form.get("step", "preview")  # sent without a button: look first
        if step == "back":
            return self._form(form, scope)
        steps = {"preview": self._preview, "save": self._save}
        try:
            return steps.get(step, _unknown)(form, scope)
        except DomainError as error:
            db.session.rollback()
            return self._refused(form, scope, error)

    def _preview(self, form: RuleForm, scope: Scope) -> ResponseReturnValue:
        """What these rules would do: to those who are held now, and to the enrolments of the last year."""
        self._check(form, scope)
        book, said, today = current.rules(), said_in(form), current.today()
        after = pool_rules.proposed(book, scope, said)
        now, then = backtest.backtest(db.session, [book, after], today=today)
        page: str = self.render(
            "screens/pool_rules_preview.html", form=form, code=code_of(scope), title=named(scope), now=now, then=then,
            shown=request.form.get(conflicts.SHOWN, ""),
            changes=differences(pool_rules.said_by(book, scope), said, scope),
            preview=rule_preview.preview(db.session, after, today=today), running=recomputing.is_owed())
        return page

    def _save(self, form: RuleForm, scope: Scope) -> ResponseReturnValue:
        """They bind whatever begins from now on; the clocks that run follow in the background."""
        possible = recomputing.is_possible()
        rule_book.lock_to_change(db.session)
        self._check(form, scope)
        pool_rules.save(db.session, scope, said_in(form))
        task_id = recomputing.begin() if possible else None
        db.session.commit()
        recomputing.hand_over(task_id)
        flash(_("The rules are saved: %(scope)s.", scope=named(scope)), "success")
        return redirect(url_for(".index_view"))

    @staticmethod
    def _check(form: RuleForm, scope: Scope) -> None:
        """Whether the form can be saved: it is filled in well, and nobody has changed these rules since it was shown.

        Raises:
            DomainError: it cannot; what is wrong stands at its fields.
        """
        if not form.validate():
            raise DomainError(_l("Nothing was saved yet. Please look at the marked fields."))
        book = rule_book.load(db.session)
        conflicts.check(form, _row(form, pool_rules.said_by(book, scope)), _about(scope),
                        lambda names: rule_history.last_changes(scope, names))
        pool_rules.check(scope, said_in(form))

    def _refused(self, form: RuleForm, scope: Scope, error: DomainError) -> ResponseReturnValue:
        """The form with what is wrong."""
        if error.field in form:
            form[error.field].errors = [*form[error.field].errors, str(error)]
        status = 409 if isinstance(error, conflicts.ChangedMeanwhileError) else 422
        return self._form(form, scope), status

    def _form(self, form: RuleForm, scope: Scope) -> str:
        said = pool_rules.said_by(current.rules(), scope)
        page: str = self.render(
            "screens/pool_rules_form.html", form=form, scope=scope, code=code_of(scope), title=named(scope),
            sections=[(title, fields) for title, names in GROUPS
                      if (fields := [form[name] for name in names if name in form])],
            shown=conflicts.shown(form, _row(form, said), _about(scope)))
        return page


def _row(form: RuleForm, said: dict[str, Any]) -> SimpleNamespace:
    """What a scope says, as a row with the form's fields."""
    return SimpleNamespace(**{field.short_name: said.get(field.short_name) for field in form})


def _about(scope: Scope) -> str:
    return f"poolrules {code_of(scope)}"


def _asked_scope() -> Scope:
    """The scope in the address; one that can have no rules is not there (404)."""
    return find(current.rules(), request.args.get("scope", code_of(SCHOOL))) or abort(404)


def _unknown(_form: RuleForm, _scope: Scope) -> ResponseReturnValue:
    abort(400)

"""Creates, updates and deletes."""

from collections.abc import Callable

from tests.second_opinion.answers import Choice, Chosen
from tests.second_opinion.forms import Forms
from tests.second_opinion.kinds import FIELDS
from tests.second_opinion.refusals import Refused
from tests.second_opinion.rows import Account, Ids, Row

PLAN_LIMIT = 10


class Writing(Chosen):
    """Changes the rows of an account. A refused request changes nothing."""

    def __init__(self, choice: Choice, ids: Ids, clock: Callable[[], float]) -> None:
        super().__init__(choice)
        self.forms = Forms(choice)
        self.ids = ids
        self.clock = clock

    def create(self, account: Account, sent: dict[str, str]) -> Row:
        """Store a new row."""
        name, kind = sent.get("name", ""), sent.get("type", "")
        if self.forms.is_missing(name) and self.bug("missing-name-status"):
            raise Refused("required-fields", status=403)
        if self.forms.is_missing(name) or not kind:
            raise Refused("required-fields")
        if kind not in FIELDS:
            raise Refused("type")
        self.forms.refuse_foreign(kind, sent)
        self.forms.refuse_unsent_or_malformed(kind, sent)
        stored, settings = self.forms.name(name), self.forms.fresh(kind, sent)
        if self.says("plan-limit", "ten") and self._count(account, kind) >= PLAN_LIMIT:
            raise Refused("plan")
        enabled = self.says("is-enabled-on-create", "ignored", "honoured")
        if "is_enabled" in sent:  # the form has it only if creates read it
            enabled = self.forms.is_true(sent["is_enabled"])
        row = Row(self._next_id(account), kind, stored, settings, enabled, int(self.clock()))
        account.rows[row.id] = row
        return row

    def update(self, account: Account, row: Row, sent: dict[str, str]) -> None:
        """Change a row after all checks of the request."""
        kind = self._next_type(row, sent)
        self.forms.refuse_foreign(kind, sent)
        name = self._next_name(row, sent)
        settings = self._next_settings(row, kind, sent)
        if self.bug("update-does-nothing"):
            return
        row.type = "" if self.says("update-keeps", "blanked") else kind
        row.name = "" if self.bug("update-resets-name") and "name" not in sent else name
        row.settings = settings
        if "is_enabled" in sent:
            row.is_enabled = self.forms.is_true(sent["is_enabled"])
        elif self.bug("update-forgets-is-enabled"):
            row.is_enabled = False
        if self.says("last-datetime", "last-update") and not self.bug("last-datetime-never"):
            row.changed = int(self.clock())
        if self.bug("created-changes"):
            row.created = int(self.clock()) + 1  # else an update within the same second would not show it
        if self.bug("update-touches-another") and len(account.rows) > 1:
            account.rows[max(account.rows.keys() - {row.id})].name = name

    def delete(self, account: Account, row: Row) -> None:
        """Remove a row."""
        if self.bug("delete-does-nothing"):
            return
        account.deleted.append(account.rows.pop(row.id))
        if self.bug("delete-takes-newest-too") and account.rows:
            account.deleted.append(account.rows.pop(max(account.rows)))

    def _next_id(self, account: Account) -> int:
        if self.bug("id-reused") and account.deleted:
            return account.deleted.pop().id
        return self.ids.next()

    def _count(self, account: Account, kind: str) -> int:
        return sum(row.type == kind for row in account.rows.values())

    def _next_type(self, row: Row, sent: dict[str, str]) -> str:
        kind = sent.get("type", row.type)
        if "type" not in sent or kind in FIELDS:
            return kind
        if self.says("update-type-not-allowed", "refused"):
            raise Refused("type" if kind else "required-fields")
        return row.type

    def _next_name(self, row: Row, sent: dict[str, str]) -> str:
        if "name" not in sent:
            return row.name
        if self.forms.is_missing(sent["name"]):
            if self.says("update-empty-name", "refused"):
                raise Refused("required-fields")
            if self.says("update-empty-name", "ignored"):
                return row.name
        return self.forms.name(sent["name"])

    def _next_settings(self, row: Row, kind: str, sent: dict[str, str]) -> dict[str, str]:
        own = self.forms.own(kind, sent)
        if self.says("update-keeps", "blanked") or (self.bug("update-resets-settings") and not own):
            return {}
        if kind == row.type and self.says("update-same-type", "kept"):
            return row.settings | own
        fresh = self.forms.fresh(kind, sent)
        if kind == row.type:
            # Settings of an earlier type are kept.
            left = {
                key: value for key, value in row.settings.items() if key not in (kind, *FIELDS.get(kind, ()))
            }
            return left | fresh
        if self.bug("type-change-keeps-settings"):
            return row.settings
        return row.settings | fresh if self.says("update-type-change", "merged") else fresh

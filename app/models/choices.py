"""Every choice a column can hold: the write-ups' codes (imports and old exports rely on them) and their labels."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.models.types import Choice, Kind


class DepartmentFunction(Kind):
    """What a department is for; rules refer to this, never to a department's id."""

    MARKETING = "marketing", _l("Marketing")
    SALES = "sales", _l("Sales")
    TUTORING = "tutoring", _l("Tutoring")
    TEACHING = "teaching", _l("Teaching")
    FINANCE = "finance", _l("Finance")
    OTHER = "other", _l("Other")


class RowScope(Kind):
    """Which rows a role's permissions reach."""

    OWN = "own", _l("Own rows")
    DEPARTMENT = "department", _l("Rows of the department")
    ALL = "all", _l("All rows")


class Theme(Kind):
    """Light or dark, as a person likes it."""

    SYSTEM = "system", _l("System")
    LIGHT = "light", _l("Light")
    DARK = "dark", _l("Dark")


class Gender(Choice):
    MALE = 1, _l("Male")
    FEMALE = 2, _l("Female")


class Education(Choice):
    KEY_UNIVERSITY = 1, _l("Key university")
    BACHELOR = 2, _l("Bachelor's degree")
    INDEPENDENT_COLLEGE = 3, _l("Independent college")
    PRIVATE_BACHELOR = 4, _l("Private university, bachelor's degree")
    JUNIOR_COLLEGE = 5, _l("Junior college")
    PRIVATE_JUNIOR_COLLEGE = 6, _l("Private junior college")
    HIGH_SCHOOL = 7, _l("High school")
    OTHER = 8, _l("Other")


class Experience(Choice):
    STUDENT = 1, _l("Still a student")
    FRESH_GRADUATE = 2, _l("Fresh graduate")
    UP_TO_HALF_A_YEAR = 3, _l("Up to half a year")
    HALF_TO_ONE_YEAR = 4, _l("Half a year to one year")
    ONE_TO_THREE_YEARS = 5, _l("One to three years")
    THREE_TO_FIVE_YEARS = 6, _l("Three to five years")
    OVER_FIVE_YEARS = 7, _l("More than five years")


class WorkStatus(Choice):
    EMPLOYED = 1, _l("Employed")
    UNEMPLOYED = 2, _l("Unemployed")


class Source(Choice):
    QQ_GROUP = 1, _l("QQ group")
    REFERRAL = 2, _l("Internal referral")
    WEBSITE = 3, _l("Official website")
    BAIDU = 4, _l("Baidu ads")
    S360 = 5, _l("360 ads")
    SOGOU = 6, _l("Sogou ads")
    TENCENT_CLASSROOM = 7, _l("Tencent Classroom")
    GDT = 8, _l("Tencent GDT")
    CAMPUS_TALK = 9, _l("Campus talk")
    CHANNEL_AGENT = 10, _l("Channel agent")
    CTO51 = 11, _l("51CTO")
    ZHIHUITUI = 12, _l("Zhihuitui")
    AD_NETWORK = 13, _l("Ad network")
    DSP = 14, _l("DSP")
    SEO = 15, _l("SEO")
    OTHER = 16, _l("Other source")


class CustomerStatus(Choice):
    ENROLLED = 1, _l("Enrolled")
    NOT_ENROLLED = 2, _l("Not enrolled")


class DistributionStatus(Choice):
    """What has become of one consultant's holding of a customer."""

    FOLLOWING = 1, _l("Following up")
    ENROLLED = 2, _l("Won")
    NO_FOLLOW_UP = 3, _l("No follow-up in time")
    NO_DEAL = 4, _l("Not won in time")
    RELEASED = 5, _l("Released")
    TRANSFERRED = 6, _l("Transferred")
    MERGED = 7, _l("Merged")


class Origin(Kind):
    """How a holding began."""

    CLAIM = "claim", _l("Claimed")
    ASSIGNMENT = "assignment", _l("Assigned")
    ENTRY = "entry", _l("Own entry")
    IMPORT = "import", _l("Imported")
    TRANSFER = "transfer", _l("Transferred in")
    REINSTATED = "reinstated", _l("Reinstated")


class AssignmentStrategy(Choice):
    """By what leads are dealt out automatically."""

    ROUND = 1, _l("Rounds by sales rank")
    FEWEST_OPEN = 2, _l("Fewest open customers")


class Absence(Kind):
    """Why somebody is passed over when leads are dealt out."""

    LEFT = "left", _l("no longer works here")
    NOT_IN_SALES = "not_in_sales", _l("not in a sales department")
    PAUSED = "paused", _l("paused")
    ON_LEAVE = "on_leave", _l("on leave")
    FULL = "full", _l("holds as many customers as he may")


class Intent(Choice):
    """When the customer means to enrol, as told in a follow-up."""

    NO_PLAN = 1, _l("No plan yet")
    TWO_MONTHS = 2, _l("Within two months")
    ONE_MONTH = 3, _l("Within a month")
    TWO_WEEKS = 4, _l("Within two weeks")
    ONE_WEEK = 5, _l("Within a week")
    TWO_DAYS = 6, _l("Within two days")
    ENROLLED = 7, _l("Has enrolled")
    PAID = 8, _l("Has paid in full")


class RuleLevel(Kind):
    """Whose a set of pool rules is."""

    SCHOOL = "school", _l("The whole school")
    DEPARTMENT = "department", _l("Department")
    SOURCE = "source", _l("Source")


class Calendar(Kind):
    """Which days a term counts."""

    EVERY_DAY = "every_day", _l("Every day")
    CHINA = "cn", _l("Working days in mainland China")
    TAIWAN = "tw", _l("Working days in Taiwan")
    HONG_KONG = "hk", _l("Working days in Hong Kong")


class LeaveState(Kind):
    """What became of a request for leave."""

    REQUESTED = "requested", _l("Requested")
    APPROVED = "approved", _l("Approved")
    DECLINED = "declined", _l("Declined")


class NoticeKind(Kind):
    """What somebody is told."""

    WARNING = "warning", _l("About to fall")
    TEAM_WARNING = "team_warning", _l("About to fall in the team")
    REMINDER = "reminder", _l("Contact due")
    GAINED = "gained", _l("Customer gained")
    LOST = "lost", _l("Customer lost")


class DeliveryChannel(Kind):
    """A way out of the panel for notices."""

    MAIL = "mail", _l("E-mail")
    WECHAT = "wechat", _l("WeChat")
    WECOM = "wecom", _l("WeCom bot")
    DINGTALK = "dingtalk", _l("DingTalk bot")
    FEISHU = "feishu", _l("Feishu bot")


class DeliveryState(Kind):
    """What has become of a message that tells notices."""

    WAITING = "waiting", _l("Waiting")
    SENDING = "sending", _l("Being sent")
    RETRYING = "retrying", _l("Failed, is tried again")
    SENT = "sent", _l("Sent")
    READ = "read", _l("Read in the panel before")
    CANCELLED = "cancelled", _l("No longer wanted")
    GIVEN_UP = "given_up", _l("Given up")


class DeliveryProblem(Kind):
    """Why a message did not get out."""

    NO_ANSWER = "no_answer", _l("The other side did not answer")
    REFUSED = "refused", _l("The other side refused it")
    NO_ADDRESS = "no_address", _l("There is no address to send it to")
    INTERRUPTED = "interrupted", _l("The worker was stopped while it sent")
    ERROR = "error", _l("Something went wrong on our side. It has been noted.")


class ErasureReason(Kind):
    """Why a person's data were erased."""

    REQUESTED = "requested", _l("The person asked for it")
    NOT_NEEDED = "not_needed", _l("No longer needed")
    UNLAWFUL = "unlawful", _l("Should never have been stored")
    RETENTION = "retention", _l("Kept as long as the school decided")


class SessionEnd(Kind):
    """How a login session ended."""

    LOGGED_OUT = "logged_out", _l("Logged out")
    REVOKED = "revoked", _l("Ended from elsewhere")
    PASSWORD_CHANGED = "password_changed", _l("Password changed")
    ROLES_CHANGED = "roles_changed", _l("Roles changed")
    DEACTIVATED = "deactivated", _l("Login deactivated")
    IDLE = "idle", _l("Not used for too long")
    EXPIRED = "expired", _l("Longest duration reached")


class TaskKind(Kind):
    """What a background task does."""

    EXPORT = "export", _l("Export")
    RECOMPUTATION = "recomputation", _l("Recomputation of the clock")
    TRANSFER = "transfer", _l("Transfer")


class TransferKind(Kind):
    """What an order to move customers was."""

    TRANSFER = "transfer", _l("Transfer")
    RELEASE = "release", _l("Release")
    HAND_OVER = "hand_over", _l("Hand-over")


class LineState(Kind):
    """What has become of one customer of such an order."""

    WAITING = "waiting", _l("Waiting")
    MOVED = "moved", _l("Moved")
    REFUSED = "refused", _l("Refused")


class LeaverLogin(Kind):
    """What becomes of the login of somebody whose customers are handed over."""

    STAYS = "stays", _l("The login stays active.")
    ENDS = "ends", _l("The login is deactivated when all customers have moved.")
    ENDED = "ended", _l("The login was deactivated.")
    HOLDS = "holds", _l("The login stays active, because customers are still with this person.")
    REFUSED = "refused", _l("The login stays active, because it may not be deactivated.")


class TaskState(Kind):
    """How a background task stands."""

    WAITING = "waiting", _l("Waiting")
    RUNNING = "running", _l("Running")
    FINISHED = "finished", _l("Done")
    CANCELLED = "cancelled", _l("Cancelled")
    FAILED = "failed", _l("Failed")


class TaskProblem(Kind):
    """Why a background task failed."""

    NOT_ALLOWED = "not_allowed", _l("You may not do this any more.")
    TOO_MUCH = "too_much", _l("There are too many rows by now: narrow the list with filters first.")
    ERASED = "erased", _l("Somebody’s data were erased meanwhile, so it was stopped: open the list and export it anew.")
    ERROR = "error", _l("Something went wrong on our side. It has been noted.")

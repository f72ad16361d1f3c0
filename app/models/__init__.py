"""The tables: constraints and facts about one row."""

from app.models.assignment import AssignmentEntry, AssignmentRound
from app.models.audit import AuditAction, AuditEntry, PersonKey, PersonKind
from app.models.background_task import BackgroundTask, ExportChunk, ExportFile
from app.models.calendar_day import CalendarDay
from app.models.campus import Campus
from app.models.course import Course
from app.models.course_class import CourseClass, course_class_teacher
from app.models.customer import Customer, customer_contact, customer_course
from app.models.department import Department
from app.models.distribution import Distribution
from app.models.employee import Employee
from app.models.follow_up import FollowUp
from app.models.job_run import JobRun
from app.models.leave import Leave
from app.models.login_session import LoginSession
from app.models.merge import Merge
from app.models.notice import Notice
from app.models.notice_channel import NoticeChannel, QuietHours
from app.models.notice_delivery import DeliveredNotice, NoticeDelivery
from app.models.pool_rule import PoolRule
from app.models.role import Role, RolePermission, employee_role
from app.models.sales_rank import SalesRank
from app.models.saved_view import ListChoice, SavedView
from app.models.second_factor import RecoveryCode, SecondFactor
from app.models.setting import Setting
from app.models.transfer import Transfer, TransferLine

__all__ = [
    "AssignmentEntry",
    "AssignmentRound",
    "AuditAction",
    "AuditEntry",
    "BackgroundTask",
    "CalendarDay",
    "Campus",
    "Course",
    "CourseClass",
    "Customer",
    "DeliveredNotice",
    "Department",
    "Distribution",
    "Employee",
    "ExportChunk",
    "ExportFile",
    "FollowUp",
    "JobRun",
    "Leave",
    "ListChoice",
    "LoginSession",
    "Merge",
    "Notice",
    "NoticeChannel",
    "NoticeDelivery",
    "PersonKey",
    "PersonKind",
    "PoolRule",
    "QuietHours",
    "RecoveryCode",
    "Role",
    "RolePermission",
    "SalesRank",
    "SavedView",
    "SecondFactor",
    "Setting",
    "Transfer",
    "TransferLine",
    "course_class_teacher",
    "customer_contact",
    "customer_course",
    "employee_role",
]

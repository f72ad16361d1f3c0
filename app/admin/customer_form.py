"""The form of a customer."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_

from app.admin import forms, options
from app.models import Customer
from app.models.choices import CustomerStatus, Education, Experience, Gender, Source, WorkStatus

REFERRERS = forms.Loader("referral_from", Customer, Customer.name,
                         lambda: and_(Customer.status == CustomerStatus.ENROLLED, Customer.erased_on.is_(None)),
                         lambda customer: f"{customer.name} (#{customer.id})")


class CustomerForm(forms.BaseForm):
    """What people may write about a customer; whatever a rule governs is not here."""

    name = forms.text(Customer.name)
    qq = forms.text(Customer.qq, description=_l("One of QQ, mobile and WeChat is needed."))
    mobile = forms.text(Customer.mobile)
    wechat = forms.text(Customer.wechat)
    gender = forms.choice(Customer.gender, Gender)
    source = forms.choice(Customer.source, Source, default=Source.QQ_GROUP)
    referral_from = forms.lookup("referral_from", REFERRERS, required=False, description=_l(
        "If an enrolled student of ours referred this customer, choose the student here."))
    courses = forms.many("courses", options.courses)
    campus = forms.one("campus", options.campuses, required=False)
    education = forms.choice(Customer.education, Education)
    graduation_school = forms.text(Customer.graduation_school)
    major = forms.text(Customer.major)
    experience = forms.choice(Customer.experience, Experience)
    work_status = forms.choice(Customer.work_status, WorkStatus, default=WorkStatus.EMPLOYED)
    company = forms.text(Customer.company)
    salary = forms.text(Customer.salary)

"""Who a customer is: name, contacts, education, work, what he asked about and where he came from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from app.demo.chance import happens, pick, weighted
from app.demo.names import Name, draw_name
from app.models.choices import Education, Experience, Gender, Source, WorkStatus

E, X = Education, Experience

MOST_CUSTOMERS = 10**7
"""As many as have contacts of their own."""

_EDUCATION = weighted([(E.KEY_UNIVERSITY, 7), (E.BACHELOR, 33), (E.INDEPENDENT_COLLEGE, 9), (E.PRIVATE_BACHELOR, 9),
                       (E.JUNIOR_COLLEGE, 26), (E.PRIVATE_JUNIOR_COLLEGE, 6), (E.HIGH_SCHOOL, 8), (E.OTHER, 2)])
_SCHOOLS = {
    E.KEY_UNIVERSITY: (
        "北京邮电大学", "武汉大学", "华中科技大学", "西安电子科技大学", "东北大学", "山东大学"),
    E.BACHELOR: (
        "河北工业大学", "山西大学", "沈阳工业大学", "长春理工大学", "南昌大学", "河南科技大学", "湖北工业大学",
        "湘潭大学", "重庆邮电大学", "西安邮电大学", "杭州电子科技大学", "青岛科技大学"),
    E.INDEPENDENT_COLLEGE: (
        "燕山大学里仁学院", "浙江大学城市学院", "电子科技大学成都学院", "华南理工大学广州学院"),
    E.PRIVATE_BACHELOR: ("北京城市学院", "西京学院", "黄河科技学院", "三江学院"),
    E.JUNIOR_COLLEGE: (
        "北京电子科技职业学院", "深圳职业技术学院", "石家庄职业技术学院", "郑州铁路职业技术学院",
        "武汉船舶职业技术学院", "山东商业职业技术学院"),
    E.PRIVATE_JUNIOR_COLLEGE: ("北京培黎职业学院", "广州涉外经济职业技术学院", "四川科技职业学院"),
}
_MAJORS = (
    "计算机科学与技术", "软件工程", "通信工程", "电子信息工程", "自动化", "信息管理与信息系统", "数学与应用数学",
    "物联网工程", "机械设计制造", "土木工程", "市场营销", "会计学", "国际经济与贸易", "英语", "物流管理",
    "视觉传达设计", "生物工程", "旅游管理")
_EXPERIENCE = weighted([(X.STUDENT, 14), (X.FRESH_GRADUATE, 16), (X.UP_TO_HALF_A_YEAR, 8), (X.HALF_TO_ONE_YEAR, 12),
                        (X.ONE_TO_THREE_YEARS, 28), (X.THREE_TO_FIVE_YEARS, 14), (X.OVER_FIVE_YEARS, 8)])
_SALARIES = {
    X.UP_TO_HALF_A_YEAR: ("3500", "4K", "4-5K", "5K左右"),
    X.HALF_TO_ONE_YEAR: ("4500", "5K", "5-6K", "6000"),
    X.ONE_TO_THREE_YEARS: ("6K", "7000", "6-8K", "8K左右", "8500"),
    X.THREE_TO_FIVE_YEARS: ("8-10K", "1万", "9500", "12K"),
    X.OVER_FIVE_YEARS: ("10-15K", "1.2万", "15K", "年薪20万左右"),
}
_CITIES = ("北京", "上海", "深圳", "广州", "杭州", "武汉", "成都", "天津", "郑州", "南京")
_COMPANY_NAMES = (
    "云杉", "启明", "蓝鲸", "知行", "众合", "远望", "青禾", "星海", "百川", "恒达", "新桥", "合力", "明诚", "翼飞")
_COMPANY_KINDS = (
    "科技有限公司", "网络技术有限公司", "贸易有限公司", "电子有限公司", "物流有限公司", "餐饮管理有限公司",
    "装饰工程公司", "教育咨询公司")
_HAS_A_JOB, _SAYS_SALARY, _SAYS_SCHOOL, _SAYS_MAJOR, _WANTS_A_CAMPUS = 0.82, 0.7, 0.85, 0.8, 0.85
_NO_QQ, _NO_MOBILE, _NO_WECHAT = 0.18, 0.22, 0.42
SOURCES = weighted([
    (Source.QQ_GROUP, 14), (Source.REFERRAL, 11), (Source.WEBSITE, 15), (Source.BAIDU, 19), (Source.S360, 4),
    (Source.SOGOU, 3), (Source.TENCENT_CLASSROOM, 10), (Source.GDT, 4), (Source.CAMPUS_TALK, 6),
    (Source.CHANNEL_AGENT, 4), (Source.CTO51, 3), (Source.ZHIHUITUI, 1), (Source.AD_NETWORK, 1), (Source.DSP, 1),
    (Source.SEO, 2), (Source.OTHER, 2)])
_COURSES_ASKED_ABOUT = weighted([(1, 70), (2, 24), (3, 6)])


@dataclass(frozen=True)
class Offer:
    """A course or a campus as customers ask about it, with its share of the asking."""

    id: int
    name: str
    share: int


@dataclass(slots=True)
class Profile:
    """A customer before anything has happened to him."""

    name: Name
    qq: str | None
    mobile: str | None
    wechat: str | None
    education: Education
    school: str | None
    major: str | None
    experience: Experience
    company: str | None
    salary: str | None
    source: Source
    campus: Offer | None
    courses: list[Offer]

    @property
    def work_status(self) -> WorkStatus:
        return WorkStatus.EMPLOYED if self.company else WorkStatus.UNEMPLOYED


class Profiles:
    """Draws profiles; the contacts of the n-th differ from everyone else's.

    The mobile numbers are of a range that is allotted to no network (154) and the QQ numbers beyond those given out,
    so a demo never shows a real person's.
    """

    def __init__(self, rng: random.Random, courses: Sequence[Offer], campuses: Sequence[Offer]) -> None:
        self._rng = rng
        self._courses = weighted((course, course.share) for course in courses)
        self._campuses = weighted((campus, campus.share) for campus in campuses)
        self._offset = rng.randrange(10**7)

    def draw(self, number: int, *, name: Name | None = None) -> Profile:
        """The profile of the customer with this number, by a given name or any."""
        rng = self._rng
        name = name or draw_name(rng)
        education, experience = pick(rng, _EDUCATION), pick(rng, _EXPERIENCE)
        schools = _SCHOOLS.get(education)
        works = experience in _SALARIES and happens(rng, _HAS_A_JOB)
        qq, mobile, wechat = self._contacts(number, name)
        return Profile(
            name=name, qq=qq, mobile=mobile, wechat=wechat, education=education,
            school=pick(rng, schools) if schools and happens(rng, _SAYS_SCHOOL) else None,
            major=pick(rng, _MAJORS) if schools and happens(rng, _SAYS_MAJOR) else None,
            experience=experience,
            company=self._company() if works else None,
            salary=pick(rng, _SALARIES[experience]) if works and happens(rng, _SAYS_SALARY) else None,
            source=pick(rng, SOURCES),
            campus=pick(rng, self._campuses) if happens(rng, _WANTS_A_CAMPUS) else None,
            courses=self._courses_asked_about())

    def _contacts(self, number: int, name: Name) -> tuple[str | None, str | None, str | None]:
        """QQ, mobile and WeChat, one of them at least; the factors share none with ten, so no two numbers meet."""
        rng, offset = self._rng, self._offset
        qq: str | None = f"9{(number * 618033989 + offset) % 10**9:09d}"
        mobile: str | None = f"154{(number * 61803399 + offset) % 10**8:08d}"
        wechat: str | None = f"demo_{name.surname_pinyin}{(number * 6180339 + offset) % 10**7:07d}"
        if happens(rng, _NO_QQ):
            qq = None
        elif happens(rng, _NO_MOBILE):
            mobile = None
        if happens(rng, _NO_WECHAT):
            wechat = None
        return qq, mobile, wechat

    def _company(self) -> str:
        rng = self._rng
        return pick(rng, _CITIES) + pick(rng, _COMPANY_NAMES) + pick(rng, _COMPANY_KINDS)

    def _courses_asked_about(self) -> list[Offer]:
        wanted = pick(self._rng, _COURSES_ASKED_ABOUT)
        found: list[Offer] = []
        for _ in range(wanted * 2):
            course = pick(self._rng, self._courses)
            if course not in found and len(found) < wanted:
                found.append(course)
        return found


def address(profile: Profile) -> str:
    """How a consultant calls a customer: 王先生, 李女士, 张同学."""
    if profile.experience in (X.STUDENT, X.FRESH_GRADUATE):
        return f"{profile.name.surname}同学"
    return profile.name.surname + ("先生" if profile.name.gender is Gender.MALE else "女士")

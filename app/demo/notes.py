"""What consultants write after a talk, by how far the talk has come."""

from __future__ import annotations

import datetime as dt
import enum
import random

from app.demo.chance import happens, pick
from app.demo.profiles import Profile, address
from app.models.choices import Gender


class Stage(enum.Enum):
    """How far a consultant has come with a customer."""

    FIRST = enum.auto()
    TAKEN_OVER = enum.auto()
    COLD = enum.auto()
    WARM = enum.auto()
    HOT = enum.auto()
    WON = enum.auto()


_FIRST = (
    "首次电话沟通,{call}从网上看到我们的{course}课程,{ta}想先了解课程大纲和就业情况,已发资料。",
    "首次联系,介绍了{course}的课程体系和上课方式,{ta}问得比较细,约好看完大纲再聊。",
    "电话接通,{ta}说正在开会,简单聊了两句,约晚上再打。",
    "{call}主动咨询{course},零基础,担心学不会,讲了往期零基础学员的例子。",
    "加上微信了,发了{course}的课程介绍和{campus}的地址,{ta}说周末有空看看。",
    "首次沟通,{ta}{job},想转行做技术,时间上想了解周末班还是全日制。",
    "了解了基本情况:{job},对{course}感兴趣,主要关心学完能拿多少薪资。",
    "第一次通话十五分钟,{ta}在对比几家机构,把我们的师资和就业数据讲了一遍。",
)
_FIRST_WITH: dict[str, tuple[str, ...]] = {
    "mobile": ("首次电话 {mobile} 接通,{ta}方便的时间是晚上八点以后,咨询{course}。",
               "打 {mobile} 第二遍才接,声音比较着急,想知道{course}最近一期几号开班。"),
    "qq": ("从群里加了QQ {qq},发了{course}大纲,还没回复。", "QQ:{qq} 已通过验证,{ta}说先看看资料,有问题再问。"),
    "wechat": ("微信 {wechat} 已通过,{call}想听一节{course}的公开课。",
               "微信号 {wechat},备注{campus},聊了学习时间安排。"),
}
_TAKEN_OVER = (
    "看了前面的跟进记录,重新联系{call},{ta}对{course}还有意向,之前主要卡在时间上。",
    "接手后第一次通话,{ta}态度不错,说最近没人联系,重新发了课程资料。",
    "重新跟进,{ta}已经去别家试听过,觉得进度太快,邀请来{campus}试听对比。",
    "接手后首次微信联系,先不谈报名,了解了{ta}的近况:{job}。",
    "以前的顾问说{ta}嫌贵,这次换个角度,先讲了就业和薪资增长,{ta}愿意再聊。",
    "新顾问自我介绍,{call}印象里只记得价格,把{course}新一期的安排又讲了一遍。",
)
_COLD = (
    "电话未接,微信留言,暂无回复。",
    "打了两次都没接,短信告知{course}新一期开班时间。",
    "{ta}说最近工作忙,先不考虑,下个月再说。",
    "电话里比较敷衍,说在考虑,没有明确时间。",
    "{call}觉得自学也可以,发了一份学习路线,先保持联系。",
    "微信回复慢,问什么都说再看看,意向不强。",
    "{ta}想先把手头的项目做完,年前不打算学。",
    "正在忙,说回头给我回电话,到下班也没回。",
    "{ta}担心年龄大了学不动,举了几个同龄学员的例子,没有明显反应。",
    "朋友圈点了赞,顺势聊了几句,还是没有报名的打算。",
)
_WARM = (
    "来{campus}试听了一节{course},反馈老师讲得清楚,想再听一节实战课。",
    "约了周六下午到{campus}试听,已留座位,提前一天再提醒。",
    "{ta}嫌学费贵,问有没有优惠,讲了团报和早鸟价,{ta}说和朋友商量一下。",
    "详细讲了分期付款,首付三千,学完再还,{ta}觉得压力可以接受。",
    "想学但家里不太支持,{ta}要和爸妈商量,约后天再沟通。",
    "{ta}要和{spouse}商量,主要是辞职脱产五个月的收入问题。",
    "微信聊了半小时,{ta}问就业城市和薪资,发了上一期的就业报告。",
    "对比另一家机构,那边便宜两千,强调了我们的项目实战和班主任督学。",
    "{call}问{course}和自己专业能不能结合,请老师电话里做了一次职业规划。",
    "做了入学测试,基础可以,建议直接上{course},{ta}比较开心。",
    "问能不能周末上课,白天要上班,介绍了周末班,{ta}说算一下时间。",
    "电话回访试听感受,{ta}说氛围不错,就是离住的地方远,介绍了住宿。",
    "{ta}现在{job},公司合同月底到期,到期后再定。",
    "讲了助学分期的材料:身份证、银行卡、学历证明,{ta}去准备。",
)
_WARM_WITH: dict[str, tuple[str, ...]] = {
    "mobile": ("{ta}让把报名优惠发到手机 {mobile},已发短信,明天确认。",),
    "qq": ("{course}试听录像发到QQ {qq} 了,让{ta}看完说说感受。",),
    "wechat": ("把助学分期的说明发给微信 {wechat},{ta}今晚和家里商量。",),
}
_HOT = (
    "{call}基本定了{course},在等工资发下来交定金。",
    "家里同意了,{ta}问这一期还有没有名额,先帮{ta}留了座位。",
    "{ta}第二次来{campus},看了教室和宿舍,说这周内定下来。",
    "分期额度批下来了,约{ta}过来签合同。",
    "谈到最后就差价格,申请了五百元优惠,{ta}说明天来交费。",
    "已经跟公司提了离职,下周能脱产,问开班前要预习什么。",
    "和{ta}的家长通了电话,家长主要关心就业保障,答复后比较放心。",
    "{ta}约了同学一起报,两人同行想再要点优惠,已请示主管。",
)
_HOT_WITH: dict[str, tuple[str, ...]] = {
    "mobile": ("确认报名信息,手机 {mobile},明天下午两点到{campus}交定金。",),
    "qq": ("报名表发到QQ {qq} 了,填好就可以交费。",),
    "wechat": ("微信 {wechat} 转了定金链接,{ta}说今晚转账。",),
}
_WON = (
    "到{campus}签了合同,定金已交,分到最近一期{course}。",
    "微信转账交齐定金,合同寄出,通知班主任拉群。",
    "分期手续办完,正式报名{course},很开心!",
    "一次性付清学费,领了教材,开班前一周再提醒预习。",
    "和家人一起来的,现场签约,座位已定。",
)

_Texts = tuple[str, ...]
_TEXTS: dict[Stage, _Texts] = {
    Stage.FIRST: _FIRST, Stage.TAKEN_OVER: _TAKEN_OVER, Stage.COLD: _COLD, Stage.WARM: _WARM, Stage.HOT: _HOT,
    Stage.WON: _WON}
_TEXTS_WITH: dict[Stage, dict[str, _Texts]] = {
    Stage.FIRST: _FIRST_WITH, Stage.WARM: _WARM_WITH, Stage.HOT: _HOT_WITH}
_WHEN = (
    "约{month}月{day}日再联系。", "{month}月{day}日回访。", "定在{month}月{day}号晚上再打。", "{month}月{day}日跟进。")
_NAMES_A_CONTACT, _SAYS_WHEN = 0.09, 0.25
_TRIES = 4

RELEASE_MEMOS = ("暂时不考虑,释放到公海", "地区不合适,转给其他同事试试", "三个月内没有计划", None, None)
TRANSFER_MEMOS = ("主管调整客户", "客户在外地校区,转当地顾问", "原顾问休假", None)


class Notes:
    """Writes the notes about one customer."""

    def __init__(self, rng: random.Random, profile: Profile) -> None:
        self._rng = rng
        self._written: list[str] = []
        male = profile.name.gender is Gender.MALE
        contacts = {"qq": profile.qq, "mobile": profile.mobile, "wechat": profile.wechat}
        self._contacts = tuple(field for field, contact in contacts.items() if contact)
        self._words = {
            **contacts, "ta": "他" if male else "她", "spouse": "老婆" if male else "老公", "call": address(profile),
            "course": profile.courses[0].name, "campus": profile.campus.name if profile.campus else "北京校区",
            "job": f"在{profile.company}上班" if profile.company else "目前没上班"}

    def write(self, stage: Stage, next_contact_on: dt.date | None = None) -> str:
        """A note, rarely one written before; now and then it names a contact, or when they talk again."""
        rng = self._rng
        texts = _TEXTS[stage]
        if stage in _TEXTS_WITH and happens(rng, _NAMES_A_CONTACT):
            texts = _TEXTS_WITH[stage][pick(rng, self._contacts)]
        text = pick(rng, texts)
        for _ in range(_TRIES):
            if text not in self._written:
                break
            text = pick(rng, texts)
        self._written.append(text)
        note = text.format_map(self._words)
        if next_contact_on is not None and happens(rng, _SAYS_WHEN):
            note += pick(rng, _WHEN).format(month=next_contact_on.month, day=next_contact_on.day)
        return note

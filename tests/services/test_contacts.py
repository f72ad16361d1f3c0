"""Contacts: their normal form, who sees them, and what is left of a note when they are hidden."""

from __future__ import annotations

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.errors import DomainError
from app.models import Customer, Employee, Role, customer_contact
from app.models.choices import RowScope
from app.models.contacts import normal_contact
from app.services import contacts, customers
from app.services.contacts import HIDDEN
from app.services.customers import KnownContactError
from tests.support.databases import on_both_databases


class TestTheNormalForm:
    @pytest.mark.parametrize("written", [
        "13812345678", " 138 1234 5678 ", "138-1234-5678", "+86 138 1234 5678", "+8613812345678", "008613812345678",
        "8613812345678", "(+86)13812345678", "１３８１２３４５６７８", "＋８６ １３８ １２３４ ５６７８",
        "138.1234.5678",
        "138\u20111234\u20115678", "138–1234–5678", "138—1234—5678", "\u200b138\u00a01234\u30005678\ufeff",
        "138·1234·5678", "\u202d13812345678\u202c", "138\u00ad12345678", "138\u22121234\u22125678", "138\t12345678\x00",
    ])
    def test_of_a_mobile_is_its_eleven_digits(self, written):
        assert normal_contact("mobile", written) == "13812345678"

    @pytest.mark.parametrize(("written", "kept"), [
        ("010-88886666", "01088886666"), ("+852 9123 4567", "+85291234567"), ("86123456", "86123456"),
        ("8612345678901234", "8612345678901234"), ("+86 010 8888 6666", "+8601088886666"),
    ])
    def test_of_other_numbers_keeps_their_digits(self, written, kept):
        assert normal_contact("mobile", written) == kept

    @pytest.mark.parametrize("blank", [None, "", "  ", "\u3000", "\u200b", "\t\n", "\x00", "\u00ad"])
    @pytest.mark.parametrize("field", ["qq", "mobile", "wechat"])
    def test_of_nothing_is_none(self, field, blank):
        assert normal_contact(field, blank) is None

    def test_of_a_qq_or_wechat_id_keeps_dashes(self):
        assert normal_contact("wechat", " zhang－san_88 ") == "zhang-san_88"
        assert normal_contact("qq", "８８ ６６ １２３") == "8866123"

    @pytest.mark.parametrize("written", ["+86 138-1234-5678", "0086 138 1234 5678", "8613812345678", "138.1234.5678"])
    @pytest.mark.parametrize("field", ["qq", "wechat"])
    def test_of_a_number_is_the_same_in_every_field(self, field, written):
        assert normal_contact(field, written) == "13812345678"

    @pytest.mark.parametrize("written", ["-", "--·", "(.)", "+"])
    def test_of_mere_punctuation_is_no_number(self, written):
        assert normal_contact("wechat", written) == written

    @given(st.sampled_from(["qq", "mobile", "wechat"]), st.text(max_size=80))
    def test_is_its_own_normal_form(self, field, written):
        once = normal_contact(field, written)
        assert normal_contact(field, once) == once


@on_both_databases
class TestEachContactIsUnique:
    @pytest.mark.parametrize(("field", "first", "second"), [
        ("mobile", "13812345678", "+86 138-1234-5678"), ("mobile", "１３８１２３４５６７８", "13812345678"),
        ("qq", "88 66 123", "8866123"), ("wechat", "zhang_san", "zhang＿san"),
    ])
    def test_however_it_is_written(self, session, make_customer, field, first, second):
        make_customer(**{field: first})
        with pytest.raises(DomainError) as refused:
            make_customer(**{field: second})
        assert refused.value.field == field

    def test_and_the_refusal_does_not_tell_whose_it_is(self, make_customer):
        make_customer("龙泰", mobile="13812345678")
        with pytest.raises(DomainError) as refused:
            make_customer("别人", mobile="13812345678")
        assert "龙泰" not in str(refused.value)
        assert "138" not in str(refused.value)

    def test_but_many_have_none(self, session, make_customer):
        make_customer(qq="10001", mobile="  ", wechat="")
        second = make_customer(qq="10002", mobile=None, wechat="\u3000")
        assert (second.mobile, second.wechat) == (None, None)

    def test_and_one_at_least_is_given(self, make_customer):
        with pytest.raises(DomainError) as refused:
            make_customer(qq=" ", mobile="", wechat=None)
        assert refused.value.field == "qq"

    @pytest.mark.parametrize(("first", "second"), [
        ({"qq": "8866123"}, {"wechat": "8866123"}), ({"mobile": "13812345678"}, {"wechat": "+86 138-1234-5678"}),
        ({"wechat": "+86 138 1234 5678"}, {"mobile": "13812345678"}), ({"wechat": "8866123"}, {"qq": "88 66 123"}),
        ({"qq": "13812345678"}, {"mobile": "138-1234-5678"}),
    ])
    def test_also_if_it_stands_in_another_field(self, make_customer, first, second):
        make_customer(**first)
        with pytest.raises(KnownContactError) as refused:
            make_customer(**second)
        assert refused.value.field == next(iter(second))

    def test_but_ones_own_may_stand_in_two(self, make_customer):
        customer = make_customer(mobile="13812345678", wechat="13812345678")
        assert customer.mobile == customer.wechat

    def test_and_one_of_mere_punctuation_is_nobody_elses(self, make_customer):
        make_customer(qq="8866123")
        assert make_customer(wechat="--").wechat == "--"

    def test_a_customer_may_keep_his_own_when_edited(self, session, make_customer):
        customer = make_customer(mobile="13812345678")
        customer.mobile = "+86 138 1234 5678"
        customers.check_contacts(session, customer)

    def test_a_customer_cannot_be_given_anothers_when_edited(self, session, make_customer):
        make_customer(mobile="13812345678")
        other = make_customer(mobile="13900000000")
        other.mobile = "138 1234 5678"
        with pytest.raises(DomainError) as refused:
            customers.check_contacts(session, other)
        assert refused.value.field == "mobile"

    def test_one_too_long_once_written_out_is_refused(self, make_customer):
        with pytest.raises(DomainError) as refused:
            make_customer(wechat="㍿" * 20)
        assert refused.value.field == "wechat"

    def test_one_entered_by_someone_else_at_the_same_moment_is_refused_with_its_field(
            self, make_customer, monkeypatch):
        make_customer(mobile="13812345678")
        monkeypatch.setattr(customers, "check_contacts", lambda *_: None)
        with pytest.raises(DomainError) as refused:
            make_customer(mobile="13812345678", qq="10001")
        assert refused.value.field == "mobile"

    @pytest.mark.parametrize("field", ["qq", "wechat"])
    def test_so_is_one_entered_in_another_field(self, session, make_customer, monkeypatch, field):
        make_customer(mobile="13812345678")
        other = make_customer(qq="10001")
        monkeypatch.setattr(customers, "check_contacts", lambda *_: None)
        with pytest.raises(DomainError) as refused, customers.storing(session, other):
            setattr(other, field, "+86 138 1234 5678")
        assert refused.value.field == field

    def test_a_further_one_is_as_good_as_the_first(self, session, make_customer):
        customer = make_customer(mobile="13812345678")
        customer.other_contacts = '13900000000 han_mei "x\\y'
        session.commit()
        for contact in customer.contacts:
            with pytest.raises(DomainError):
                make_customer(wechat=contact)
        customer.other_contacts, customer.mobile = "13812345678", "13900000000"
        session.commit()
        assert make_customer(wechat="han_mei").wechat == "han_mei"
        assert set(session.scalars(select(customer_contact.c.value))) == {"13812345678", "13900000000", "han_mei"}


@on_both_databases
class TestWhoSeesThem:
    @pytest.fixture
    def customer(self, make_customer, school):
        return make_customer(holder=school.sanjiang, mobile="13812345678")

    def test_his_consultant_and_the_manager(self, customer, school, clock):
        seen_by = {person.username for person in school.everyone
                   if contacts.visible_to(person, customer, today=clock.today(), masking=True)}
        assert seen_by == {"sanjiang", "manager", "admin"}

    def test_once_public_his_former_consultant_no_longer(self, customer, school, clock):
        clock.advance(days=4)
        seen_by = {person.username for person in school.everyone
                   if contacts.visible_to(person, customer, today=clock.today(), masking=True)}
        assert seen_by == {"manager", "admin"}

    def test_once_claimed_the_new_one_and_not_the_old(self, customer, floor, school, clock):
        clock.advance(days=4)
        floor.claim(customer, by=school.baoyu)
        assert contacts.visible_to(school.baoyu, customer, today=clock.today(), masking=True)
        assert not contacts.visible_to(school.sanjiang, customer, today=clock.today(), masking=True)

    def test_once_enrolled_his_consultant_still(self, customer, floor, school, clock):
        floor.enrol(customer)
        clock.advance(days=400)
        assert contacts.visible_to(school.sanjiang, customer, today=clock.today(), masking=True)
        assert not contacts.visible_to(school.baoyu, customer, today=clock.today(), masking=True)

    def test_with_masking_off_whoever_sees_the_pool_sees_those_in_it_and_no_others(self, customer, school, clock):
        def seen_by() -> set[str]:
            return {person.username for person in school.everyone
                    if contacts.visible_to(person, customer, today=clock.today(), masking=False)}

        assert seen_by() == {"sanjiang", "manager", "admin"}
        clock.advance(days=4)
        assert seen_by() == {"sanjiang", "baoyu", "dasha", "manager", "admin", "auditor"}

    @pytest.fixture
    def a_role_for_contacts(self, session, school):
        """Gives somebody a role of the school's own, which shows contacts and reaches so far."""
        def give(person: Employee, scope: RowScope) -> Employee:
            role = Role(name=f"看联系方式{person.username}", scope=scope)
            role.permission_codes = ["customer.read", "customer.contacts"]
            person.roles.append(role)
            session.commit()
            return person

        return give

    @pytest.mark.parametrize(("scope", "seen"), [
        (RowScope.OWN, set()), (RowScope.DEPARTMENT, {"三江的", "大傻的", "三江的学员"}),
        (RowScope.ALL, {"三江的", "大傻的", "三江的学员", "暴雨的", "公海的"})])
    def test_a_permission_reaches_as_far_as_the_role_that_gives_it(
            self, make_customer, floor, school, clock, a_role_for_contacts, scope, seen):
        customers = [make_customer("三江的", holder=school.sanjiang), make_customer("大傻的", holder=school.dasha),
                     make_customer("三江的学员", holder=school.sanjiang), make_customer("暴雨的", holder=school.baoyu),
                     make_customer("公海的")]
        floor.enrol(customers[2])
        school.auditor.department = school.departments[1001]
        viewer = a_role_for_contacts(school.auditor, scope)  # who, as an auditor, reads everything
        assert {each.name for each in customers
                if contacts.visible_to(viewer, each, today=clock.today(), masking=True)} == seen

    @pytest.mark.parametrize("masking", [True, False])
    def test_and_the_database_agrees(self, session, customer, make_customer, floor, school, clock, masking,
                                     a_role_for_contacts):
        a_role_for_contacts(school.dasha, RowScope.DEPARTMENT)
        a_role_for_contacts(school.tutor, RowScope.OWN)
        a_role_for_contacts(school.finance, RowScope.ALL)
        floor.enrol(make_customer("在读", holder=school.baoyu))
        make_customer("新线索")
        clock.advance(days=4)
        make_customer("在跟", holder=school.sanjiang)
        every = session.query(Customer).order_by(Customer.id).all()
        for person in school.everyone:
            found = session.query(Customer).order_by(Customer.id).filter(
                contacts.visible_rows(person, today=clock.today(), masking=masking)).all()
            assert found == [each for each in every if contacts.visible_to(
                person, each, today=clock.today(), masking=masking)], person.username

    def test_a_deactivated_manager_does_not(self, session, customer, school, clock):
        school.manager.active = False
        session.commit()
        assert not contacts.visible_to(school.manager, customer, today=clock.today(), masking=True)


MOBILE, QQ, WECHAT = "13812345678", "8866123", "longtai_88"


@pytest.fixture(scope="module")
def longtai():
    return Customer(name="龙泰", mobile=MOBILE, qq=QQ, wechat=WECHAT)


def digits_of(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isdigit())


class TestAMaskedNote:
    @pytest.mark.parametrize("note", [
        "电话13812345678", "138 1234 5678", "138-1234-5678", "138  1234  5678", "138 - 1234 - 5678", "138,1234,5678",
        "138/1234/5678", "138*1234*5678", "1 3 8 1 2 3 4 5 6 7 8", "１３８１２３４５６７８", "１３８ １２３４ ５６７８",
        "+86 13812345678", "138\u200b1234\u200b5678", "138\n1234\n5678", "138。1234。5678", "138_1234_5678",
        "一三八一二三四五六七八", "幺三八 幺二三四 五六七八", "壹叁捌壹贰叁肆伍陆柒捌", "一三八-1234-五六七八",
        "⒈⒊⒏⒈⒉⒊⒋⒌⒍⒎⒏", "①③⑧①②③④⑤⑥⑦⑧", "١٣٨١٢٣٤٥٦٧٨", "尾号5678", "尾号五六七八", "结尾12345678",
        "QQ 8866123", "QQ:88 66 123", "qq８８６６１２３", "八八六六一二三", "微信longtai_88", "微信 LongTai_88",
        "ｌｏｎｇｔａｉ＿８８", "l o n g t a i _ 8 8", "longtai_88@qq.com", "8866123@qq.com",
    ])
    def test_has_nothing_of_his_contacts(self, longtai, note):
        shown = contacts.masked_note(f"他说{note},明天再打", longtai)
        assert HIDDEN in shown
        assert digits_of(shown) == ""
        assert "longtai" not in unicodedata.normalize("NFKC", shown).lower().replace(" ", "")
        assert not set("一三四五六七八九壹叁捌") & set(shown)
        assert shown.startswith("他说")
        assert shown.endswith("明天再打")

    @pytest.mark.parametrize("note", [
        "13911112222", "139 1111 2222", "139-1111-2222", "139  1111  2222", "139,1111,2222", "1-3-9-1-1-1-1-2-2-2-2",
        "+86 139 1111 2222", "8613911112222", "１３９１１１１２２２２", "一三九一一一一二二二二", "010-87654321",
        "0755 8765 4321", "400-800-9000", "QQ 1234567", "12345", "zhang_san", "zhangsan88", "wxid_x1y2z3abc",
        "微信abcdef", "微信号:abcdef", "wx abcdef", "VX:abcdef", "加我v abcdef", "zhang-san-li", "a@b.cn",
        "san.zhang@example.com", "2026-13-45-78", "20260519", "13911112222元",
        "94元23元99元75元53元", "942.39元97.55元3", "学费942.39元97.55元3", "94 元23 元99元75", "13-91元11-12元222元",
    ])
    def test_has_nothing_that_is_shaped_like_a_contact(self, longtai, note):
        shown = contacts.masked_note(f"他说{note},明天再打", longtai)
        assert HIDDEN in shown
        assert digits_of(shown) == ""
        assert "zhang" not in shown
        assert "abcdef" not in shown
        assert "@" not in shown

    @pytest.mark.parametrize("note", [
        "19800元", "学费19800", "学费:19800元,可分期", "¥19800", "月薪8000-10000元", "月薪8000到12000",
        "8000-10000元", "20万", "薪资 15000", "优惠1000元", "2026-05-19", "2026/5/19", "2026.05.19",
        "2026年5月19日", "2026-05-19 14:30", "05-19 14:30", "5月19日下午2:30", "2019-2023年在读", "Python全栈",
        "Python全栈(3期)", "Python3", "Python 3.11", "Java17", "HTML5", "Vue3", "Windows10", "full-stack",
        "front-end", "15天", "3天后再联系", "还差2000", "第15天", "Linux中高级", "MySQL", "Spring-Boot",
        "三个月内,两周后", "五四三二一", "一百二十三", "下午3点到5点,5号楼302室", "他在阿里,P7",
        "2026级,3个同学", "中文,逗号。句号!", "iPhone15", "100,000元", "9.9元", "985、211都行", "full-time",
        "10点30分", "12月25日-1月3日", "1万5千", "月薪1万5", "薪资1万5千到2万", "19800元3期", "学费19800元3期",
        "100元,200元",
    ])
    def test_keeps_what_is_harmless(self, longtai, note):
        assert contacts.masked_note(f"他说{note},再说", longtai) == f"他说{note},再说"

    def test_keeps_a_date_beside_a_number(self, longtai):
        assert contacts.masked_note("2026-05-19 打13911112222,19800元", longtai) == f"2026-05-19 打{HIDDEN},19800元"

    def test_leaves_the_rest_as_it_was_written(self, longtai):
        note = "“很感兴趣”,想学Ｐｙｔｈｏｎ…①期②期:13812345678。"
        assert contacts.masked_note(note, longtai) == f"“很感兴趣”,想学Ｐｙｔｈｏｎ…①期②期:{HIDDEN}。"

    @pytest.mark.parametrize("note", ["", "\0", "•", "👩‍👩‍👧 好", "\u0301"])
    def test_bears_any_text(self, longtai, note):
        contacts.masked_note(note, longtai)

    @given(st.text(alphabet="0123456789 -.,一二三元年/:@_aZ微信\u200b１２①\0", max_size=60))
    def test_never_shows_four_digits_of_his_number_in_a_row(self, note):
        customer = Customer(name="龙泰", mobile=MOBILE)
        shown = unicodedata.normalize("NFKC", contacts.masked_note(note, customer))
        assert not any(MOBILE[i:i + 4] in shown for i in range(len(MOBILE) - 3))

    @given(st.text(max_size=30), st.text(max_size=30), st.text(alphabet=" -./,*_\u3000\u200b", max_size=3))
    def test_never_shows_his_number_whatever_stands_around_it(self, before, after, gap):
        customer = Customer(name="龙泰", mobile=MOBILE)
        shown = contacts.masked_note(f"{before} {gap.join(MOBILE)} {after}", customer)
        assert MOBILE not in digits_of(shown)
        assert MOBILE[:7] not in digits_of(shown) or MOBILE[:7] in digits_of(before + after)

    def test_takes_no_time_on_hostile_text(self, longtai):
        for piece in ("1", "1 ", "a_", "a@", "月薪", "一 ", "full-on-on", "微信 ", "2026-01-", "138 1234 5678 ",
                      "94元", "1 元", "1-"):
            contacts.masked_note(piece * (20000 // len(piece)), longtai)


def test_a_hidden_contact_shows_only_that_there_is_one():
    assert contacts.masked("13812345678") == contacts.masked("1") == HIDDEN
    assert contacts.masked(None) == contacts.masked("") == ""


@on_both_databases
def test_belongs_to_the_day(make_customer, school):
    customer = make_customer(holder=school.sanjiang)
    assert customer.belongs_to(school.sanjiang.id, dt.date(2026, 3, 5))
    assert not customer.belongs_to(school.sanjiang.id, dt.date(2026, 3, 6))

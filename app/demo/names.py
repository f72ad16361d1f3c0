"""Believable Chinese names, with the pinyin that logins and WeChat ids are made of."""

from __future__ import annotations

import random
from dataclasses import dataclass

from app.demo.chance import pick, weighted
from app.models.choices import Gender

_SURNAMES = (
    "王wang20 李li20 张zhang18 刘liu15 陈chen14 杨yang9 赵zhao8 黄huang8 周zhou8 吴wu7 徐xu6 孙sun6 "
    "胡hu5 朱zhu5 高gao5 林lin5 何he5 郭guo5 马ma5 罗luo4 梁liang4 宋song4 郑zheng4 谢xie4 韩han3 "
    "唐tang3 冯feng3 于yu3 董dong3 萧xiao2 程cheng3 曹cao3 袁yuan3 邓deng3 许xu3 傅fu2 沈shen3 曾zeng3 "
    "彭peng3 吕lv2 苏su3 卢lu2 蒋jiang3 蔡cai3 贾jia2 丁ding2 魏wei2 薛xue2 叶ye2 阎yan1 余yu2 潘pan2 "
    "杜du2 戴dai2 夏xia2 钟zhong2 汪wang2 田tian2 任ren2 姜jiang2 范fan2 方fang2 石shi2 姚yao2 谭tan2 "
    "廖liao2 邹zou2 熊xiong2 金jin2 陆lu2 郝hao1 孔kong1 白bai1 崔cui1 康kang1 毛mao1 邱qiu1 秦qin1 "
    "江jiang1 史shi1 顾gu1 侯hou1 邵shao1 孟meng1 万wan1 段duan1 雷lei1 钱qian1 汤tang1 尹yin1 黎li1 "
    "易yi1 常chang1 武wu1 乔qiao1 贺he1 赖lai1 龚gong1 文wen1 欧阳ouyang1 诸葛zhuge1"
)
_MALE_FIRST = (
    "志zhi 建jian 文wen 俊jun 子zi 宇yu 浩hao 明ming 晓xiao 家jia 国guo 海hai 天tian 泽ze 博bo 思si 一yi "
    "永yong 嘉jia 鸿hong"
)
_MALE_LAST = (
    "强qiang 伟wei 杰jie 涛tao 亮liang 军jun 华hua 鹏peng 飞fei 峰feng 轩xuan 宁ning 斌bin 然ran 辉hui "
    "龙long 阳yang 东dong 凯kai 超chao 洋yang 勇yong 磊lei 帆fan 晨chen 恒heng"
)
_FEMALE_FIRST = (
    "雨yu 晓xiao 雅ya 思si 梦meng 欣xin 佳jia 婉wan 静jing 诗shi 若ruo 美mei 丽li 慧hui 可ke 语yu 子zi "
    "嘉jia 紫zi 秀xiu"
)
_FEMALE_LAST = (
    "婷ting 雪xue 琳lin 怡yi 娜na 芳fang 敏min 燕yan 萍ping 玲ling 倩qian 颖ying 璐lu 洁jie 莹ying 悦yue "
    "涵han 琪qi 妍yan 薇wei 蕾lei 菲fei 娟juan 彤tong 瑶yao 宁ning"
)


@dataclass(frozen=True)
class Name:
    """A full name and how its parts sound."""

    text: str
    gender: Gender
    surname: str
    surname_pinyin: str
    given_pinyin: str


def _split(word: str) -> tuple[str, str]:
    """`志zhi` as its characters and its sound."""
    text = word.rstrip("abcdefghijklmnopqrstuvwxyz")
    return text, word[len(text):]


def _surnames() -> tuple[tuple[str, str], ...]:
    words = ((word.rstrip("0123456789"), word) for word in _SURNAMES.split())
    return weighted((_split(bare), int(word[len(bare):])) for bare, word in words)


def _given(first: str, last: str) -> tuple[tuple[str, str], ...]:
    """One or two characters, two more often."""
    ends = [_split(word) for word in last.split()]
    pairs = [(a + b, x + y) for a, x in map(_split, first.split()) for b, y in ends if a != b]
    return (*(end for end in ends for _ in range(6)), *pairs)


SURNAMES = _surnames()
GIVEN = {Gender.MALE: _given(_MALE_FIRST, _MALE_LAST), Gender.FEMALE: _given(_FEMALE_FIRST, _FEMALE_LAST)}
_GENDERS = weighted([(Gender.MALE, 63), (Gender.FEMALE, 37)])


def draw_name(rng: random.Random) -> Name:
    """A name out of some fifty thousand."""
    gender = pick(rng, _GENDERS)
    surname, surname_pinyin = pick(rng, SURNAMES)
    given, given_pinyin = pick(rng, GIVEN[gender])
    return Name(surname + given, gender, surname, surname_pinyin, given_pinyin)

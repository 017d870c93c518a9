"""Names to make people up from: common Korean ones by their real frequency, and some of other countries."""

from __future__ import annotations

KOREAN_FAMILY = {
    "김": 215, "이": 147, "박": 84, "최": 47, "정": 43, "강": 24, "조": 21, "윤": 21, "장": 20, "임": 17, "한": 15,
    "오": 15, "서": 15, "신": 15, "권": 14, "황": 14, "안": 14, "송": 14, "전": 11, "홍": 11, "유": 9, "고": 9, "문": 9,
    "양": 9, "손": 9, "배": 8, "백": 7, "허": 7, "남": 5, "심": 5, "노": 5, "하": 4, "곽": 4, "성": 4, "차": 4, "주": 4,
}  # fmt: skip
"""Family names with their share of the population in thousandths (census of 2015, rounded)."""

KOREAN_GIVEN = (
    "민준", "서준", "도윤", "예준", "시우", "하준", "주원", "지호", "지후", "준우", "현우", "건우", "우진", "선우", "민재",
    "성민", "영호", "정훈", "상현", "동현", "승민", "재현", "태영", "광수", "병철", "기태", "종석", "경수", "영수", "진호",
    "서연", "서윤", "지우", "서현", "하은", "하윤", "민서", "지유", "윤서", "채원", "수아", "지민", "지아", "은서", "다은",
    "예은", "수빈", "소율", "예린", "유진", "은지", "지영", "미경", "혜진", "수정", "현정", "영희", "정숙", "미숙", "순자",
    "가온", "나래", "보람", "솔", "한결", "아라", "다온", "이슬", "별", "빛나",
)  # fmt: skip

LATIN_FAMILY = ("Kim", "Lee", "Park", "Choi", "Jung", "Kang", "Cho", "Yoon", "Jang", "Lim", "Han", "Oh", "Seo", "Shin")
LATIN_GIVEN = (
    "Min-jun", "Seo-yeon", "Ji-ho", "Ha-eun", "Daniel", "Grace", "Michael", "Hannah", "David", "Esther", "Joshua", "Sarah",
    "Andrew", "Jane", "Eric", "Julie", "Brian", "Christine", "Kevin", "Amy",
)  # fmt: skip

OTHER_NAMES = {
    "en": (
        ("Alex", "Sam", "Olivia", "Noah", "Emma", "Liam", "Ava", "Ethan"),
        ("Miller", "Baker", "Hughes", "Reyes", "Clarke"),
    ),
    "ja": (("陽菜", "蓮", "結衣", "湊", "美咲", "大和"), ("佐藤", "鈴木", "高橋", "田中", "伊藤")),
    "zh": (("伟", "芳", "秀英", "敏", "静"), ("王", "李", "张", "刘", "陈")),
    "vi": (("Anh", "Minh", "Linh", "Hương", "Tuấn"), ("Nguyễn", "Trần", "Lê", "Phạm")),
    "fr": (("Camille", "Hugo", "Léa", "Louis", "Chloé"), ("Martin", "Bernard", "Dubois", "Moreau")),
    "es": (("Sofía", "Mateo", "Valentina", "Diego"), ("González", "Rojas", "Muñoz", "Soto")),
}
"""Given and family names of people who read another language than Korean or English first; `en` is for foreign spouses."""

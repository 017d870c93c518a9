"""Twenty missions at real places with invented numbers (555, 0100 and the like), so that nobody real is ever called."""

from __future__ import annotations

from hotline.missions.missions import MissionFields

_EMBASSIES = (
    ("manila", "PH", "Manila", "주필리핀 대한민국 대사관", "Embassy in the Philippines", 14.5547, 121.0509, "Asia/Manila",
     "+63285550100", "+639175550100", ("PH", "PW", "MH")),
    ("tokyo", "JP", "Tokyo", "주일본 대한민국 대사관", "Embassy in Japan", 35.6530, 139.7366, "Asia/Tokyo",
     "+81355500100", "+817055500100", ("JP",)),
    ("beijing", "CN", "Beijing", "주중국 대한민국 대사관", "Embassy in China", 39.9500, 116.4660, "Asia/Shanghai",
     "+861055550100", "+8613055550100", ("CN",)),
    ("bangkok", "TH", "Bangkok", "주태국 대한민국 대사관", "Embassy in Thailand", 13.7690, 100.5720, "Asia/Bangkok",
     "+6625550100", "+66815550100", ("TH",)),
    ("hanoi", "VN", "Hanoi", "주베트남 대한민국 대사관", "Embassy in Viet Nam", 21.0640, 105.7970, "Asia/Ho_Chi_Minh",
     "+842435550100", "+84905550100", ("VN",)),
    ("paris", "FR", "Paris", "주프랑스 대한민국 대사관", "Embassy in France", 48.8585, 2.3170, "Europe/Paris",
     "+33199000100", "+33639980100", ("FR", "MC", "AD")),
    ("london", "GB", "London", "주영국 대한민국 대사관", "Embassy in the United Kingdom", 51.4989, -0.1376, "Europe/London",
     "+442079460100", "+447700900100", ("GB",)),
    ("berlin", "DE", "Berlin", "주독일 대한민국 대사관", "Embassy in Germany", 52.5090, 13.3560, "Europe/Berlin",
     "+493023125010", "+4915228817386", ("DE",)),
    ("istanbul", "TR", "Istanbul", "주이스탄불 대한민국 총영사관", "Consulate General in Istanbul", 41.0780, 29.0120,
     "Europe/Istanbul", "+902125550100", "+905325550100", ("TR",)),
    ("cairo", "EG", "Cairo", "주이집트 대한민국 대사관", "Embassy in Egypt", 30.0380, 31.2110, "Africa/Cairo",
     "+20225550100", "+201005550100", ("EG",)),
    ("nairobi", "KE", "Nairobi", "주케냐 대한민국 대사관", "Embassy in Kenya", -1.2880, 36.8090, "Africa/Nairobi",
     "+254205550100", "+254705550100", ("KE", "SO", "ER")),
    ("washington", "US", "Washington", "주미국 대한민국 대사관", "Embassy in the United States", 38.9160, -77.0530,
     "America/New_York", "+12025550100", "+12025550199", ("US",)),
    ("santiago", "CL", "Santiago", "주칠레 대한민국 대사관", "Embassy in Chile", -33.4090, -70.5720, "America/Santiago",
     "+56225550100", "+56955550100", ("CL",)),
    ("wellington", "NZ", "Wellington", "주뉴질랜드 대한민국 대사관", "Embassy in New Zealand", -41.2790, 174.7770,
     "Pacific/Auckland", "+6445550100", "+64215550100", ("NZ", "WS")),
    ("suva", "FJ", "Suva", "주피지 대한민국 대사관", "Embassy in Fiji", -18.1416, 178.4210, "Pacific/Fiji",
     "+6793550100", "+6799550100", ("FJ", "KI", "NR", "TV", "TO")),
)  # fmt: skip
_CONSULATES = (
    ("osaka", "JP", "Osaka", "주오사카 대한민국 총영사관", "Consulate General in Osaka", 34.6720, 135.5020, "Asia/Tokyo",
     "+81655500100", "+817055500101", ("JP",)),
    ("shanghai", "CN", "Shanghai", "주상하이 대한민국 총영사관", "Consulate General in Shanghai", 31.2050, 121.4010,
     "Asia/Shanghai", "+862155550100", "+8613055550101", ("CN",)),
    ("shenyang", "CN", "Shenyang", "주선양 대한민국 총영사관", "Consulate General in Shenyang", 41.7830, 123.4280,
     "Asia/Shanghai", "+862455550100", "+8613055550102", ("CN",)),
    ("hong-kong", "HK", "Hong Kong", "주홍콩 대한민국 총영사관", "Consulate General in Hong Kong", 22.2810, 114.1650,
     "Asia/Hong_Kong", "+85225550100", "+85295550100", ("HK", "MO")),
    ("los-angeles", "US", "Los Angeles", "주로스앤젤레스 대한민국 총영사관", "Consulate General in Los Angeles", 34.0620,
     -118.3080, "America/Los_Angeles", "+12135550100", "+12135550199", ("US",)),
)  # fmt: skip

MISSIONS = tuple(
    MissionFields(
        code=code, country=country, city=city, name_ko=name_ko, name_en=name_en, lat=lat, lon=lon,
        zone=zone, phone=phone, emergency_phone=emergency_phone, countries=looks_after,
    )
    for code, country, city, name_ko, name_en, lat, lon, zone, phone, emergency_phone, looks_after
    in (*_EMBASSIES, *_CONSULATES)
)  # fmt: skip
"""Embassies come first: they answer for their whole country where nothing nearer is chosen."""

// Every word a person reads on this page, in Korean and English, and the switch between the two.

const WORDS = {
  title: ["연습용 통신망", "Practice carrier"],
  practice: ["연습용 통신망", "Practice carrier"],
  nothing_leaves: ["문자가 이 컴퓨터 밖으로 나가지 않습니다.", "nothing leaves this machine, no real phone is reached"],
  views: ["화면", "Views"],
  language: ["언어", "Language"],
  handsets: ["단말기", "Handsets"],
  wall: ["전광판", "Wall"],
  carrier: ["통신사 제어", "Carrier"],
  per_s: ["건/초", "per s"],
  accepted: ["접수", "Accepted"],
  delivered: ["도착", "delivered"],
  failed: ["실패", "failed"],
  connecting: ["연결 중", "connecting"],
  live: ["실시간", "live"],
  lost: ["연결 끊김", "connection lost"],
  search: ["이름, 번호, 지역, 국가 검색", "Search name, number, place, country"],
  count: ["단말기 {n}대", "{n} handsets"],
  count_found: ["{n}건 표시", "{n} shown"],
  newer: ["‹ 앞", "‹ Newer"],
  older: ["뒤 ›", "Older ›"],
  none_found: ["맞는 단말기가 없습니다.", "No handset matches."],
  none_yet: ["아직 문자가 없습니다. 서비스가 보내면 바로 여기에 나타납니다.", "No texts yet. They appear here the moment the service sends them."],
  choose: ["왼쪽에서 단말기를 고르면 그 사람의 전화기가 보입니다.", "Choose a handset on the left to see that person’s phone."],
  no_texts: ["받은 문자가 없습니다", "No texts"],
  unnamed: ["이름 모름", "Name unknown"],
  unread: ["읽지 않음 {n}건", "{n} unread"],
  off: ["꺼짐", "Off"],
  on: ["켜짐", "On"],
  opted_out: ["수신 거부", "Opted out"],
  back: ["‹ 목록", "‹ List"],
  power: ["전원", "Power"],
  power_hint: ["꺼진 동안 온 문자는 기다렸다가 켜면 도착하고, 오래 꺼져 있으면 30003으로 실패합니다.", "Texts wait while it is off and arrive when it is on again; off for too long, they fail with 30003."],
  opt_hint: ["STOP이라고 답하면 통신사가 수신을 막습니다(21610). START로 풀립니다.", "Answering STOP makes the carrier block this number (21610); START lifts it."],
  opt_toggle: ["수신 거부", "Opted out"],
  off_screen: ["전원이 꺼져 있습니다", "Switched off"],
  waiting: ["기다리는 문자 {n}건", "{n} waiting"],
  reply: ["답장 쓰기", "Write an answer"],
  send: ["보내기", "Send"],
  sending: ["보내는 중…", "Sending…"],
  reply_ok: ["서비스가 답장을 받았습니다.", "The service has taken the answer."],
  reply_no_url: ["서비스 주소가 정해지지 않아 답장을 전하지 못했습니다. 통신사 제어에서 주소를 넣으세요.", "Not delivered: no address of the service is set. Enter it under Carrier."],
  reply_no_link: ["서비스가 문자 센터에 연결되어 있지 않아 답장을 전하지 못했습니다.", "Not delivered: the service is not bound to the message centre."],
  reply_refused: ["서비스가 답장을 받지 못했습니다 (SMPP {n}). 문자 센터가 잠시 되풀이했습니다.", "The service could not take the answer (SMPP {n}), though it was offered for a while."],
  reply_no_answer: ["서비스가 답하지 않습니다. 답장을 전하지 못했습니다.", "Not delivered: the service does not answer."],
  reply_status: ["서비스가 답장을 거절했습니다 (HTTP {n}).", "The service refused the answer (HTTP {n})."],
  service: ["서비스", "Service"],
  part: ["{n}통", "{n} part"],
  parts: ["{n}통", "{n} parts"],
  status_accepted: ["접수됨", "Accepted"],
  status_queued: ["대기 중", "Queued"],
  status_sent: ["전송 중", "On its way"],
  status_delivered: ["도착", "Delivered"],
  status_undelivered: ["도착 실패", "Not delivered"],
  status_failed: ["전송 실패", "Not sent"],
  status_received: ["보냄", "Sent"],
  this_handset: ["이 단말기", "This handset"],
  fault_here: ["이 번호의 장애", "Fault for this number"],
  fault_none: ["없음", "None"],
  land_here: ["로밍: 도착한 국가", "Roaming: has landed in"],
  land_choose: ["국가 선택", "Choose a country"],
  land_ok: ["{n} 로밍 접속을 서비스에 알렸습니다.", "The service was told that this phone is in {n}."],
  land_no_key: ["로밍 키가 없습니다. 서비스의 연습 데이터를 먼저 불러오세요.", "There is no key for roaming; load the service’s demo data first."],
  land_no_answer: ["서비스가 답하지 않습니다.", "The service does not answer."],
  land_status: ["서비스가 로밍 정보를 거절했습니다 (HTTP {n}).", "The service refused it (HTTP {n})."],
  earlier: ["이전 문자 보기", "Earlier texts"],
  wall_which: ["보여 줄 단말기", "Show handsets matching"],
  wall_all: ["모두", "all"],
  wall_count: ["대수", "Phones"],
  wall_hint: ["최근에 문자를 받은 순서입니다. 새 문자가 오면 화면이 켜집니다.", "The latest to get a text come first; a phone lights up when one arrives."],
  now: ["지금 상태", "Right now"],
  accepted_per_s: ["초당 접수", "Accepted per second"],
  on_the_way: ["처리 중", "On the way"],
  callbacks_waiting: ["대기 중인 상태 통보", "Callbacks outstanding"],
  callbacks_done: ["전달한 상태 통보", "Callbacks answered"],
  callbacks_bad: ["실패한 상태 통보", "Callbacks failed"],
  refused: ["접수 거절", "Refused"],
  last_problem: ["마지막 문제", "Last problem"],
  forwarding: ["착신 전환", "Call forwarding"],
  forwarding_words: ["공관 등 다른 곳의 번호를 서비스로 돌리는 스위치입니다. 끄면 그 번호의 전화기가 직접 울립니다.", "The switches of numbers that belong to others, such as missions, and pass calls on to the service. Switched off, the number rings at its own handset."],
  forwarding_none: ["착신 전환된 번호가 없습니다. numbers.json이나 /control/numbers로 넣습니다.", "No number passes calls on yet; add one by numbers.json or /control/numbers."],
  forwarding_on: ["전환 켜짐", "Forwarded"],
  forwarding_off: ["전환 꺼짐", "Not forwarded"],
  forwards_to: ["받을 번호", "Leads to"],
  shows: ["표시되는 발신 번호", "Shown as caller"],
  shows_caller: ["건 사람의 번호", "the caller’s number"],
  shows_line: ["전환한 번호", "the line’s own number"],
  faults: ["장애 만들기", "Make it fail"],
  faults_words: ["켜는 순간부터 새 문자에 적용됩니다. 비율과 난수 씨앗이 같으면 같은 곳에서 다시 실패합니다.", "Applies to new texts from the moment it is switched on. The same share and seed fail in the same places again."],
  kind: ["장애 종류", "What fails"],
  target: ["대상", "For"],
  target_hint: ["* 모두, +82* 국가, +8210… 한 번호", "* all, +82* a country, +8210… one number"],
  share: ["비율 %", "Share %"],
  seed: ["씨앗", "Seed"],
  kind_answer_delay: ["API 응답 지연", "API answers late"],
  kind_queue_delay: ["통신사 대기열에서 지체", "Held in the carrier’s queue"],
  kind_delivery_delay: ["도착 지연", "Delivered late"],
  kind_http_429: ["429 너무 많은 요청", "429 too many requests"],
  kind_http_500_before: ["500 접수 전 오류", "500 before acceptance"],
  kind_http_500_after: ["500 접수 후 오류", "500 after acceptance"],
  kind_answer_lost_before: ["접수 전 연결 끊김", "Connection lost before acceptance"],
  kind_answer_lost_after: ["접수 후 응답 유실", "Answer lost after acceptance"],
  kind_callback_lost: ["상태 통보 유실", "Callback lost"],
  kind_callback_double: ["상태 통보 중복", "Callback doubled"],
  kind_callback_reorder: ["상태 통보 순서 뒤바뀜", "Callbacks out of order"],
  kind_callback_delay: ["상태 통보 지연", "Callback late"],
  kind_error_code: ["도착 실패 코드", "Delivery error"],
  kind_refusal: ["API 거절 코드", "Refused by the API"],
  kind_list_lag: ["목록 조회 지체", "Lists lag behind"],
  ms: ["밀리초", "ms"],
  code: ["코드", "code"],
  set: ["켜기", "Switch on"],
  in_force: ["켜진 장애", "In force"],
  none_in_force: ["켜진 장애가 없습니다. 통신망은 정상입니다.", "No fault is switched on. The carrier is healthy."],
  clear: ["끄기", "Switch off"],
  clear_all: ["모두 끄기", "Switch all off"],
  struck: ["{n}번 발생", "struck {n} times"],
  normal: ["평소 속도", "Normal pace"],
  sent_ms: ["접수 → 전송 (ms)", "Accepted → sent (ms)"],
  delivered_ms: ["전송 → 도착 (ms)", "Sent → delivered (ms)"],
  jitter_ms: ["도착 시각의 흩어짐 (ms)", "Spread of delivery (ms)"],
  parts_per_s: ["초당 최대 통수 (0 = 무제한)", "Parts per second (0 = unlimited)"],
  off_wait_ms: ["꺼진 단말기를 기다리는 시간 (ms)", "Wait for a handset that is off (ms)"],
  inbound_url: ["답장을 받을 서비스 주소", "Where answers go (the service)"],
  save: ["저장", "Save"],
  saved: ["저장했습니다.", "Saved."],
  reset: ["모든 문자 지우기", "Erase all texts"],
  reset_sure: ["정말 지웁니까? 다시 누르세요", "Erase everything? Press again"],
  magic_title: ["번호만으로 생기는 결과", "Numbers with a fixed outcome"],
  magic_words: ["설정 없이도 이 번호로 보내면 항상 같은 결과가 납니다.", "A text to one of these always ends the same way, without any switch."],
  number: ["번호", "Number"],
  outcome: ["결과", "Outcome"],
  char_ms: ["통화에서 글자당 말하는 시간 (ms)", "Time to say a character in a call (ms)"],
  call_ringing: ["전화가 옵니다", "Incoming call"],
  call_on: ["통화 중", "On the line"],
  call_answer: ["받기", "Answer"],
  call_decline: ["거절", "Decline"],
  call_hangup: ["끊기", "Hang up"],
  call_keys: ["숫자판", "Keypad"],
  call_said: ["통화 내용", "What is said"],
  call_pressed: ["{n}번 누름", "Pressed {n}"],
  call_last: ["최근 통화", "Latest call"],
  call_nothing_said: ["통화 내용이 없습니다.", "Nothing was said."],
  call_on_phone: ["통화 내용은 전화기 화면에 있습니다.", "What is said is on the phone’s screen."],
  call_outgoing: ["거는 중", "Calling"],
  call_voicemail: ["자동응답기가 받기", "Let voicemail answer"],
  call_with: ["통화 상대 {n}", "Talking with {n}"],
  call_waiting: ["기다리는 중", "Waiting"],
  call_asks: ["번호를 기다립니다", "Waiting for a key"],
  call_music: ["♪ 대기 음악", "♪ Hold music"],
  call_sound: ["♪ 녹음된 안내", "♪ Recorded sound"],
  call_sound_switch: ["소리", "Sound"],
  call_talk: ["말하기", "Say something"],
  call_say: ["말하기", "Say it"],
  dial_title: ["전화 걸기", "Make a call"],
  dial_none: ["걸 수 있는 번호가 없습니다.", "There is no number to call."],
  dial_back: ["닫기", "Close"],
  note_entered: ["통화방 입장: {n}", "Entered {n}"],
  note_connected: ["연결됨: {n}", "Connected with {n}"],
  note_dialling: ["거는 중: {n}", "Dialling {n}"],
  note_waits: ["대기열: {n}", "Waits in {n}"],
  note_leaves: ["대기열을 나감: {n}", "Leaves {n}"],
  note_beep: ["삐—", "Beep"],
  note_mute: ["음소거됨", "Muted"],
  note_unmute: ["음소거 풀림", "Not muted any more"],
  note_hold: ["보류됨", "On hold"],
  note_unhold: ["보류 풀림", "Off hold"],
  note_modify: ["듣는 사람이 바뀜", "Heard by others now"],
  note_rejected: ["서비스가 받지 않음: {n}", "Not taken: {n}"],
  note_tones: ["신호음 {n}", "Tones {n}"],
  note_error: ["서비스 오류 {n}", "Error of the service {n}"],
  play_ms: ["받지 못한 음원의 길이 (ms)", "Length of a sound that cannot be fetched (ms)"],
  webhook_ms: ["서비스의 응답을 기다리는 시간 (ms)", "Longest wait for the service (ms)"],
  call_queued: ["거는 중", "being put through"],
  "call_in-progress": ["통화 중", "on the line"],
  call_completed: ["통화 종료", "ended"],
  call_busy: ["거절하거나 통화 중이었음", "declined or busy"],
  "call_no-answer": ["받지 않음", "not answered"],
  call_failed: ["연결 실패", "failed"],
  call_canceled: ["취소됨", "cancelled"],
  mail: ["이메일", "E-mail"],
  failed_request: ["요청을 처리하지 못했습니다: {n}", "The request failed: {n}"],
};

const ERRORS = {
  20429: ["너무 많은 요청", "too many requests"],
  21211: ["잘못된 번호", "invalid number"],
  21212: ["잘못된 발신 번호", "invalid sender"],
  21408: ["이 국가로의 발송이 꺼져 있음", "region switched off"],
  21610: ["수신 거부한 번호", "opted out"],
  21611: ["통신사 대기열이 가득 참", "sender’s queue is full"],
  21612: ["보낼 경로 없음", "no route"],
  21614: ["휴대전화가 아님", "not a mobile number"],
  30001: ["대기열 넘침", "queue overflow"],
  30002: ["계정 정지", "account suspended"],
  30003: ["단말기 꺼짐", "handset unreachable"],
  30004: ["차단됨", "blocked"],
  30005: ["없는 번호", "unknown number"],
  30006: ["유선 전화이거나 닿지 않음", "landline or unreachable carrier"],
  30007: ["통신사가 걸러 냄", "filtered by the carrier"],
  30008: ["알 수 없는 오류", "unknown error"],
  30010: ["가격 한도 초과", "above the price limit"],
  30034: ["등록되지 않은 발신 번호", "unregistered sender"],
  30036: ["유효 시간 지남", "validity period expired"],
  30410: ["통신사 응답 없음", "carrier timed out"],
};

const KEPT = "sandbox-language";
let language = firstLanguage();

function firstLanguage() {
  const asked = new URLSearchParams(location.search).get("lang") || localStorage.getItem(KEPT) || navigator.language;
  return asked.startsWith("ko") ? "ko" : "en";
}

export function currentLanguage() {
  return language;
}

function pick(pair) {
  return pair[language === "ko" ? 0 : 1];
}

export function t(key, n) {
  const words = pick(WORDS[key] || [key, key]);
  return n === undefined ? words : words.replace("{n}", typeof n === "number" ? n.toLocaleString(language) : n);
}

export function errorWords(code) {
  return ERRORS[code] ? pick(ERRORS[code]) : "";
}

export function countryName(code) {
  if (!/^[A-Z]{2}$/.test(code)) return "";
  return new Intl.DisplayNames([language], { type: "region" }).of(code) || code;
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hour12: false });
}

// Fills every element that names a word; parts of the page built by scripts ask t() themselves.
export function applyWords(root = document) {
  document.documentElement.lang = language;
  document.title = language === "ko" ? "연습용 통신망" : "Practice carrier";
  for (const each of root.querySelectorAll("[data-t]")) each.textContent = t(each.dataset.t);
  for (const each of root.querySelectorAll("[data-t-label]")) each.setAttribute("aria-label", t(each.dataset.tLabel));
  for (const each of root.querySelectorAll("[data-t-placeholder]")) each.placeholder = t(each.dataset.tPlaceholder);
  for (const each of root.querySelectorAll("[data-error]")) {
    each.textContent = `${each.dataset.error} ${errorWords(each.dataset.error)}`;
  }
  for (const each of root.querySelectorAll("[data-language]")) {
    each.setAttribute("aria-pressed", String(each.dataset.language === language));
  }
}

export function chooseLanguage(chosen) {
  language = chosen;
  localStorage.setItem(KEPT, chosen);
  applyWords();
}

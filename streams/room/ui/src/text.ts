/**
 * Every word of the page in Korean and English, and the language in use.
 *
 * `{name}` is filled from the second argument of `t`. Names of the city's things come with the data, in both languages.
 */
import type { Bilingual } from "./contract";

export type Language = "ko" | "en";

export const WORDS = {
  "room.name": ["포항시 디지털 종합상황실", "Pohang Digital Integrated Situation Room"],
  "level.4": ["심각", "Serious"],
  "level.3": ["경보", "Warning"],
  "level.2": ["주의", "Caution"],
  "level.1": ["관심", "Attention"],
  "level.0": ["평온", "Calm"],
  "level.-1": ["모름", "Unknown"],
  "legend.4": ["심각·중대경보", "Serious"],
  "legend.3": ["경계·경보", "Warning"],
  "legend.2": ["주의·주의보", "Caution"],
  "legend.1": ["관심", "Attention"],
  "state.normal": ["정상", "Normal"],
  "state.unknown": ["모름", "Unknown"],
  "state.noData": ["자료 없음", "No data"],
  "sensor.fresh": ["정상", "Fresh"],
  "sensor.stale": ["늦음", "Late"],
  "sensor.absent": ["무응답", "Absent"],
  "sensor.never": ["수신 이력 없음", "No reading yet"],
  "sentence.calm": ["{city}은 평온합니다", "{city} is calm"],
  "sentence.unknown": ["지금 {city}의 상태를 모릅니다", "The state of {city} is not known"],
  "sentence.loading": ["자료를 불러오고 있습니다", "Loading"],
  "sub.calm": ["{zones}개 구역을 모두 확인했습니다", "All {zones} zones are known"],
  "sub.calmPart": ["{zones}개 구역 가운데 {known}곳을 확인했고, {names} 자료가 없습니다", "{known} of {zones} zones known; no data from {names}"],
  "sub.names": ["{first}은", "{first}"],
  "sub.namesMore": ["{first} 등 {count}곳은", "{first} and {count} more"],
  "sub.unknown": ["센서 {sensors}개 모두 지금 수신되지 않습니다", "None of {sensors} sensors is reporting now"],
  "sub.cut": ["{at}부터 수신이 끊겼습니다. 괄호 안은 그때의 값입니다", "No news since {at}. Values in brackets are of that time"],
  "sub.since": ["{level} {since}부터 {age}째", "{level} since {since}, {age}"],
  "sub.asOf": ["{at} 관측", "as of {at}"],
  "sub.now": ["지금 {value}", "now {value}"],
  "judged.then": ["{at}의 값", "value of {at}"],
  "judged.atStep": ["단계가 바뀐 때의 값", "value at its last step"],
  "judged.unknown": ["지금 값은 모릅니다", "the present value is not known"],
  "sub.others": ["그 밖의 경보 {count}건", "{count} more alerts"],
  "sub.waiting": ["미확인 {count}건", "{count} not acknowledged"],
  "age.second": ["{n}초", "{n} s"],
  "age.minute": ["{n}분", "{n} min"],
  "age.hour": ["{n}시간", "{n} h"],
  "age.hourMinute": ["{h}시간 {n}분", "{h} h {n} min"],
  "age.day": ["{n}일", "{n} d"],
  "age.ago": ["{age} 전", "{age} ago"],
  "since.before": ["", "since "],
  "since.after": ["부터", ""],
  "tab.alerts": ["경보", "Alerts"],
  "tab.zones": ["구역", "Zones"],
  "tab.sensors": ["센서", "Sensors"],
  "tab.map": ["지도", "Map"],
  "tab.sources": ["자료", "Sources"],
  "alerts.unacknowledged": ["미확인", "Unacknowledged"],
  "alerts.none": ["열린 경보가 없습니다", "No open alerts"],
  "alerts.noneLast": ["마지막 경보는 {at}에 끝났습니다", "The last alert ended {at}"],
  "alerts.noneEver": ["지난 24시간 동안 경보가 없었습니다", "No alert in the last 24 hours"],
  "alerts.alike": ["외 {count}곳", "and {count} more"],
  "alerts.alikeMore": ["같은 경보 {count}건 더", "{count} more like this"],
  "alerts.waiting": ["미확인 {count}", "{count} unacknowledged"],
  "alerts.covered": ["{what}에 포함", "Part of: {what}"],
  "alerts.threshold": ["기준 {value}", "limit {value}"],
  "alerts.unknown": ["경보가 있는지 모릅니다", "Whether there are alerts is not known"],
  "alerts.unknownSub": ["급하면 재난안전상황실에 전화하세요", "In an emergency phone the disaster desk"],
  "alerts.ended": ["해제된 경보 {count}", "Ended alerts {count}"],
  "alerts.silenced": ["{until}까지 알림 멈춤", "Silenced until {until}"],
  "alerts.more": ["외 {count}건 더", "{count} more"],
  "alerts.wholeCity": ["포항시 전역", "The whole city"],
  "announce.new": ["새 경보: {what}", "New alert: {what}"],
  "announce.step": ["경보 단계 바뀜: {what}", "Alert changed level: {what}"],
  "announce.end": ["경보 해제: {what}", "Alert ended: {what}"],
  "search.label": ["찾기", "Search"],
  "search.zones": ["구역 찾기", "Find a zone"],
  "search.sensors": ["센서 찾기", "Find a sensor"],
  "search.none": ["찾는 이름이 없습니다", "Nothing by that name"],
  "table.zone": ["구역", "Zone"],
  "table.state": ["상태", "State"],
  "table.rain": ["1시간 비", "Rain 1 h"],
  "table.stage": ["하천 수위", "Stage"],
  "table.traffic": ["교통", "Traffic"],
  "table.sensor": ["센서", "Sensor"],
  "table.value": ["값", "Value"],
  "table.age": ["언제", "Age"],
  "table.time": ["시각", "Time"],
  "traffic.free": ["원활", "Free"],
  "traffic.slow": ["서행", "Slow"],
  "traffic.jam": ["정체", "Jam"],
  "kind.river-gauge": ["수위", "Stage"],
  "kind.rain-gauge": ["강우", "Rain"],
  "kind.air-station": ["대기", "Air"],
  "kind.wind-station": ["바람", "Wind"],
  "kind.tide-gauge": ["조위", "Tide"],
  "kind.seismic-station": ["지진", "Seismic"],
  "kind.road-link": ["도로", "Road"],
  "kind.weather-station": ["기상", "Weather"],
  "kindLong.weather-station": ["기상 관측소", "Weather station"],
  "bulletins.title": ["알림 {count}", "Announcements {count}"],
  "bulletins.none": ["최근 알림이 없습니다", "No recent announcement"],
  "bulletins.revision": ["{n}차 수정", "revision {n}"],
  "bulletins.lifted": ["해제", "lifted"],
  "bulletins.expected": ["{place} {at} 예상 {value}", "{place}: {value} expected at {at}"],
  "bulletins.observed": ["지금", "now"],
  "bulletin.earthquake": ["지진 통보", "Earthquake report"],
  "bulletin.weather-warning": ["기상특보", "Weather warning"],
  "bulletin.flood-notice": ["홍수 정보", "Flood notice"],
  "bulletin.emergency-message": ["재난문자", "Emergency message"],
  "announce.real": ["실제 상황입니다. {what}", "This is real. {what}"],
  "announce.cut": ["연결이 끊겼습니다", "The connection is lost"],
  "announce.back": ["다시 연결되었습니다", "Connected again"],
  "toast.show": ["보기", "Show"],
  "toast.close": ["닫기", "Close"],
  "tab.bulletins": ["알림", "News"],
  "chart.expected": ["{source} 예상 {at}", "{source}: expected {at}"],
  "chart.table": ["표로 보기", "Show as table"],
  "chart.picture": ["그림으로 보기", "Show as chart"],
  "chart.value": ["값", "Value"],
  "chart.minuteLast": ["1분마다 마지막 값", "last value of each minute"],
  "wall.do": ["지금 할 일", "To do now"],
  "wall.past": ["지난 하루에 끝난 경보", "Alerts ended in the last day"],
  "wall.pastNone": ["지난 하루 동안 끝난 경보가 없습니다", "No alert ended in the last day"],
  "kindLong.river-gauge": ["수위계", "River gauge"],
  "kindLong.rain-gauge": ["강우계", "Rain gauge"],
  "kindLong.air-station": ["대기 측정소", "Air station"],
  "kindLong.wind-station": ["바람 관측소", "Wind station"],
  "kindLong.tide-gauge": ["조위계", "Tide gauge"],
  "kindLong.seismic-station": ["지진계", "Seismic station"],
  "kindLong.road-link": ["도로 구간", "Road link"],
  "domain.air-quality": ["대기", "Air"],
  "domain.traffic": ["교통", "Traffic"],
  "domain.disaster": ["재난", "Disaster"],
  "tile.pm25": ["PM2.5", "PM2.5"],
  "tile.pm10": ["PM10", "PM10"],
  "tile.airFoot": ["측정소 평균 · {at}", "Mean of stations · {at}"],
  "tile.trafficFoot": ["도로 평균 · {at}", "Mean of roads · {at}"],
  "tile.rainFoot": ["1시간 비, 가장 많은 곳 · {at}", "Most rain in 1 h · {at}"],
  "tile.reporting": ["{fresh} / {all} 수신", "{fresh} of {all} reporting"],
  "tile.reportingShort": ["{fresh}/{all} 수신", "{fresh}/{all}"],
  "tile.absent": ["{count} 무응답", "{count} absent"],
  "tile.roads": ["정체 {jam} · 서행 {slow}", "jam {jam} · slow {slow}"],
  "tile.then": ["그때 값", "value of then"],
  "map.label": ["포항시 지도. 같은 내용이 구역과 센서 표에 있습니다", "Map of Pohang. The tables of zones and sensors say the same"],
  "map.zoomIn": ["크게", "Zoom in"],
  "map.zoomOut": ["작게", "Zoom out"],
  "map.fit": ["경보 모두 보기", "Show all alerts"],
  "map.whole": ["포항시 전체", "All Pohang"],
  "map.schematic": ["하천과 도로는 개략도", "Rivers and roads are schematic"],
  "map.bounds": ["경계: 국토지리정보원", "Boundaries: NGII"],
  "map.loading": ["지도를 불러오고 있습니다", "Loading the map"],
  "map.failed": ["지도를 불러오지 못했습니다. {s}초 뒤 다시 부릅니다", "The map did not load; trying again in {s} s"],
  "detail.close": ["닫기", "Close"],
  "detail.life": ["경과", "Life of the alert"],
  "detail.rule": ["규칙", "Rule"],
  "detail.basis": ["근거", "Source"],
  "detail.basisShow": ["단계마다의 기준과 근거", "Each level's threshold and source"],
  "detail.do": ["할 일", "What to do"],
  "detail.observed": ["{at} 관측", "observed {at}"],
  "detail.every": ["{age} 주기", "every {age}"],
  "detail.to": ["{level}까지", "to {level}"],
  "detail.over": ["{level} 기준", "{level} at"],
  "detail.stats": ["최근 {hours}시간", "Last {hours} h"],
  "detail.min": ["최저", "Lowest"],
  "detail.mean": ["평균", "Mean"],
  "detail.max": ["최고", "Highest"],
  "detail.missing": ["빠진 곳", "Gaps"],
  "detail.sensors": ["이 구역의 센서", "Sensors of this zone"],
  "detail.alerts": ["열린 경보", "Open alerts"],
  "detail.place": ["위치", "Place"],
  "detail.approximate": ["대략의 위치", "approximate place"],
  "detail.modelledPlace": ["모의 위치", "modelled place"],
  "detail.notFound": ["이 화면에 없습니다. 다른 훈련이나 실제의 것일 수 있습니다", "Not in this view; it may belong to another"],
  "life.raised": ["발령", "Raised"],
  "life.up": ["{level}로 올라감", "Up to {level}"],
  "life.down": ["{level}로 내려감", "Down to {level}"],
  "life.cleared": ["해제", "Ended"],
  "life.acknowledged": ["확인 {by}", "Acknowledged {by}"],
  "life.comment": ["메모 {by}", "Comment {by}"],
  "life.covered": ["{what}에 포함됨", "Now part of: {what}"],
  "life.uncovered": ["따로 알림", "On its own again"],
  "life.silenced": ["{until}까지 알림 멈춤", "Silenced until {until}"],
  "modelled": ["모의", "model"],
  "act.acknowledge": ["확인", "Acknowledge"],
  "act.comment": ["메모", "Comment"],
  "act.silence": ["30분 알림 멈춤", "Silence 30 min"],
  "act.name": ["이름", "Your name"],
  "act.note": ["남길 말", "Note"],
  "act.noteOptional": ["남길 말 (없어도 됩니다)", "Note (optional)"],
  "act.send": ["보내기", "Send"],
  "act.cancel": ["그만", "Cancel"],
  "act.sending": ["보내는 중", "Sending"],
  "act.sent": ["보냈습니다. 경보에 곧 나타납니다", "Sent; it will show on the alert shortly"],
  "act.failed": ["보내지 못했습니다", "It was not sent"],
  "act.nameMissing": ["이름을 적어 주세요", "Please write your name"],
  "act.noteMissing": ["남길 말을 적어 주세요", "Please write the note"],
  "chart.label": ["{what}, 최근 {hours}시간", "{what}, last {hours} h"],
  "chart.empty": ["이 동안의 값이 없습니다", "No values in this time"],
  "chart.loading": ["기록을 부르고 있습니다", "Loading history"],
  "chart.failed": ["기록을 부르지 못했습니다. {s}초 뒤 다시 부릅니다", "History did not load; trying again in {s} s"],
  "chart.gap": ["값 없음", "no values"],
  "chart.slidingSum": ["{hours}시간 동안의 합", "sum over {hours} h"],
  "chart.hourMean": ["1시간 평균", "1-h mean"],
  "unit.perHour": ["mm/h", "mm/h"],
  "unit.perHours": ["mm/{hours}h", "mm/{hours}h"],
  "sources.title": ["자료", "Sources"],
  "sources.none": ["자료를 보내는 곳이 아직 없습니다", "No source has sent anything yet"],
  "sources.rest": ["외 {count}곳 정상", "{count} more, all fresh"],
  "sources.restDoubt": ["외 {count}곳", "{count} more"],
  "stream.live": ["연결됨", "Connected"],
  "stream.last": ["마지막 수신 {age} 전", "last news {age} ago"],
  "stream.connecting": ["잇는 중", "Connecting"],
  "stream.cut": ["끊김", "Cut off"],
  "cut.title": ["연결 끊김", "Connection lost"],
  "cut.detail": ["마지막 수신 {at} · {age} 전 · {s}초 뒤 다시 잇습니다 ({n}번째)", "Last news {at}, {age} ago; trying again in {s} s (attempt {n})"],
  "cut.first": ["상황실 서버에 닿지 않습니다 · {s}초 뒤 다시 잇습니다 ({n}번째)", "The room's server does not answer; trying again in {s} s (attempt {n})"],
  "cut.now": ["지금 잇기", "Connect now"],
  "exercise": ["훈련", "EXERCISE"],
  "exercise.notReal": ["실제 상황이 아닙니다", "this is not real"],
  "exercise.running": ["진행 중", "running"],
  "exercise.over": ["멈춤", "stopped"],
  "exercise.leave": ["실제 보기", "Show reality"],
  "exercise.realAlerts": ["실제 경보 {count}건", "{count} real alerts"],
  "view.label": ["무엇을 보는가", "View"],
  "view.reality": ["실제", "Reality"],
  "view.exercise": ["훈련 · {name}", "Exercise · {name}"],
  "influx.building": ["기록 저장소를 만들고 있습니다. 그동안 기록은 짧게만 보입니다", "The history store is being built; until then history is short"],
  "influx.away": ["기록 저장소가 답하지 않습니다", "The history store does not answer"],
  "influx.none": ["기록 저장소가 없습니다", "There is no history store"],
  "tool.language": ["English", "한국어"],
  "tool.languageShort": ["EN", "한"],
  "tool.theme": ["밝기: {mode}", "Theme: {mode}"],
  "theme.light": ["밝게", "light"],
  "theme.dark": ["어둡게", "dark"],
  "theme.auto": ["기기에 맞춤", "automatic"],
  "nav.label": ["화면", "Screens"],
  "alertsList.label": ["경보 목록", "Alert list"],
  "detail.label": ["자세히", "Detail"],
} as const satisfies Record<string, readonly [string, string]>;

export type WordKey = keyof typeof WORDS;

let current: Language = "ko";
const listeners = new Set<() => void>();

export function language(): Language {
  return current;
}

export function setLanguage(next: Language): void {
  current = next;
  document.documentElement.lang = next;
  document.title = t("room.name");
  for (const listener of listeners) listener();
}

export function onLanguage(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function t(key: WordKey, fill: Readonly<Record<string, string | number>> = {}, as: Language = current): string {
  const text: string = WORDS[key][as === "ko" ? 0 : 1];
  const filled = text.replace(/\{(\w+)\}/g, (whole, name: string) => String(fill[name] ?? whole));
  return as === "ko" ? withParticles(filled) : filled;
}

/** The side of a bilingual text that the page speaks. */
export function said(text: Bilingual | null | undefined, as: Language = current): string {
  if (!text) return "";
  return as === "ko" ? text.ko || text.en : text.en || text.ko;
}

/** "은/는" and "로/으로" follow the last sound of the word before them. */
function withParticles(text: string): string {
  return text
    .replace(/([가-힣])은(?=[ ,])/g, (_, last: string) => last + (hasFinal(last) ? "은" : "는"))
    .replace(/([가-힣])로(?= (올라|내려))/g, (_, last: string) => last + (hasFinal(last) && finalOf(last) !== 8 ? "으로" : "로"));
}

function finalOf(syllable: string): number {
  return (syllable.charCodeAt(0) - 0xac00) % 28;
}

function hasFinal(syllable: string): boolean {
  return finalOf(syllable) !== 0;
}

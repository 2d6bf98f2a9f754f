// Prints what ical.js reads in a calendar: node ical.mjs FILE
import { run } from './ready.mjs'

// A zone is known when the file defines it: then the instant is in UTC. Otherwise the time floats and ends without Z.
const moment = (ICAL, zones, event, name, time) => {
  if (!time) return { text: null, known: true }
  if (time.isDate) return { text: time.toString(), known: true }
  const named = event.component.getFirstProperty(name)?.getFirstParameter('tzid') ?? null
  if (!named) return { text: time.toString(), known: time.zone === ICAL.Timezone.utcTimezone }
  if (!zones.has(named)) return { text: time.toString().replace(/Z$/, ''), known: false }
  const local = time.clone()
  local.zone = zones.get(named)
  return { text: local.convertToZone(ICAL.Timezone.utcTimezone).toString(), known: true }
}

const read = (ICAL, zones, component) => {
  const event = new ICAL.Event(component)
  const start = moment(ICAL, zones, event, 'dtstart', event.startDate)
  const end = moment(ICAL, zones, event, component.hasProperty('dtend') ? 'dtend' : 'dtstart', event.endDate)
  return {
    uid: event.uid,
    summary: event.summary,
    start: start.text,
    end: end.text,
    location: event.location,
    description: event.description,
    sequence: event.sequence,
    status: component.getFirstPropertyValue('status'),
    categories: component.getAllProperties('categories').flatMap((it) => it.getValues()),
    lastModified: component.getFirstPropertyValue('last-modified')?.toString() ?? null,
    zoneKnown: start.known && end.known
  }
}

await run('ical.js', ({ default: ICAL }, text) => {
  const calendar = new ICAL.Component(ICAL.parse(text))
  const zones = new Map(
    calendar.getAllSubcomponents('vtimezone').map((it) => [it.getFirstPropertyValue('tzid'), new ICAL.Timezone(it)])
  )
  return calendar.getAllSubcomponents('vevent').map((it) => read(ICAL, zones, it))
})

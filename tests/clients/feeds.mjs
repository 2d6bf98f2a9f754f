// Prints what feedsmith reads in a feed: node feeds.mjs FILE
import { run } from './ready.mjs'

const instant = (text) => (text ? new Date(text).toISOString() : null)
const link = (links, rel) => links?.find((it) => it.rel === rel)?.href ?? null

const atom = (feed) => ({
  id: feed.id,
  title: feed.title.value,
  language: feed.xml?.lang ?? null,
  updated: instant(feed.updated),
  self: link(feed.links, 'self'),
  hub: link(feed.links, 'hub'),
  previous: link(feed.links, 'prev-archive'),
  items: (feed.entries ?? []).map((it) => ({
    id: it.id,
    title: it.title.value,
    url: link(it.links, 'alternate'),
    html: it.content?.value ?? null,
    published: instant(it.published),
    updated: instant(it.updated),
    categories: (it.categories ?? []).map((category) => category.term)
  }))
})

const rss = (feed) => ({
  id: null,
  title: feed.title,
  language: feed.language ?? null,
  updated: instant(feed.lastBuildDate),
  self: link(feed.atom?.links, 'self'),
  hub: link(feed.atom?.links, 'hub'),
  previous: link(feed.atom?.links, 'prev-archive'),
  items: (feed.items ?? []).map((it) => ({
    id: it.guid.value,
    title: it.title,
    url: it.link,
    html: it.content?.encoded ?? null,
    published: instant(it.pubDate),
    updated: null,
    categories: (it.categories ?? []).map((category) => category.name)
  }))
})

const json = (feed) => ({
  id: null,
  title: feed.title,
  language: feed.language ?? null,
  updated: null,
  self: feed.feed_url,
  hub: feed.hubs?.find((it) => it.type === 'WebSub')?.url ?? null,
  previous: feed.next_url ?? null,
  items: (feed.items ?? []).map((it) => ({
    id: it.id,
    title: it.title,
    url: it.url,
    html: it.content_html ?? null,
    published: instant(it.date_published),
    updated: instant(it.date_modified),
    categories: it.tags ?? []
  }))
})

const formats = { atom, rss, json }

await run('feedsmith', ({ parseFeed }, text) => {
  const { format, feed } = parseFeed(text)
  return { format, ...formats[format](feed) }
})

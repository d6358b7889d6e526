// Tells the server in which time zone this browser is, so that the times on the pages are local.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
const secure = location.protocol === "https:" ? "; secure" : "";
if (/^[\w+/-]+$/.test(zone)) {
  document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
}

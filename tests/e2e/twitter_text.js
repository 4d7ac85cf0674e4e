// Reads texts as a JSON list; writes what twitter-text makes of each: its weighted length, whether it is valid, its links.
const fs = require("fs");
const { parseTweet, extractUrls } = require("twitter-text");

const texts = JSON.parse(fs.readFileSync(0, "utf8"));
const parsed = texts.map((text) => {
  const { weightedLength, valid } = parseTweet(text);
  return [weightedLength, valid, extractUrls(text.normalize())];
});
process.stdout.write(JSON.stringify(parsed));

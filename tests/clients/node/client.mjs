// Node's clients: `node client.mjs fetch|axios URL KEY` sends the requests that stdin lists, and prints what it saw as JSON.
import axios from "axios";

const [, , name, url, key] = process.argv;
const headers = { Authorization: `Bearer ${key}` };

function form(fields) {
  const body = new FormData();
  for (const [field, value] of Object.entries(fields)) body.append(field, value);
  return body;
}

const clients = {
  async fetch(method, path, fields) {
    const response = await fetch(url + path, { method, headers, body: fields && form(fields) });
    const text = await response.text();
    return [response.status, text === "" ? null : JSON.parse(text)];
  },
  async axios(method, path, fields) {
    const response = await axios.request({
      method, url: url + path, headers, data: fields && form(fields), validateStatus: () => true,
    });
    return [response.status, response.data === "" ? null : response.data];
  },
};

const steps = JSON.parse(await new Promise((resolve) => {
  let text = "";
  process.stdin.on("data", (chunk) => (text += chunk)).on("end", () => resolve(text));
}));
const seen = [];
for (const [method, path, fields] of steps) seen.push(await clients[name](method, path, fields));
console.log(JSON.stringify(seen));

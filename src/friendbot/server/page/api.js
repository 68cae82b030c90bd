// The server: who the bot is, and its answers as they come.

/** Something went wrong; the message is a sentence for the person at the page. */
export class Trouble extends Error {}

export async function bot() {
  return (await request("/api/bot", {})).json();
}

/** The events of one answer: typing, delta, message. Ends after a whole answer, throws Trouble otherwise. */
export async function* answer(asked, signal) {
  const body = JSON.stringify(asked);
  const headers = { "Content-Type": "application/json" };
  const response = await request("/api/answer", { method: "POST", headers, body, signal });
  for await (const line of lines(response.body)) {
    const event = JSON.parse(line);
    if (event.type === "end") return;
    yield event;
  }
  throw new Trouble("The answer broke off.");
}

async function request(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch (error) {
    throw broken(error, "The server does not answer. Is it still running?");
  }
  if (!response.ok) {
    const said = await response.json().catch(() => null);
    throw new Trouble(`The server refused: ${said?.error?.message ?? response.status}.`);
  }
  return response;
}

async function* lines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw broken(error, "The answer broke off.");
    });
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    yield* parts;
  }
}

function broken(error, message) {
  return error.name === "AbortError" ? error : new Trouble(message);
}

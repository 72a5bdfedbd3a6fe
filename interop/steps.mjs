// What the JavaScript clients share: `drive` runs the steps of a plan and prints one line of JSON for each.
//
// A line is {step, saw: [texts]}, {step, failed: reason} or {step, unsupported: reason}; whether what was seen is right is
// judged by who started the client. The plan: {steps: [names], call, progress, question, resources, prompts, reconnect,
// login: {scope, document}, step-up}.

import { signIn } from './account.mjs';

/** How long one step may take, in milliseconds. */
const LIMIT = 15_000;

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/**
 * Runs the plan with a client: {unsupported: {step: reason}, connect() → revision, tools(), call(request, onprogress) →
 * result, resources(), read(uri), prompts(), prompt(name), answer(content) sets what the next question gets, opened() → the
 * URLs that a person was sent to for a sign-in, close()}.
 */
export async function drive(plan, client) {
  for (const name of plan.steps) {
    const why = client.unsupported?.[name];
    if (why) print({ step: name, unsupported: why });
    else if (!(await step(name, () => STEPS[name](plan, client))) && ['connect', 'login'].includes(name)) break;
  }
  // What an SDK leaves open must not keep the process alive.
  process.stdout.write('', () => process.exit(0));
}

const STEPS = {
  connect: async (_, client) => [await client.connect()],
  login: async (_, client) => [await client.connect(), signIn(client.opened())],
  list: async (_, client) => names(await client.tools(), 'name'),
  call: async (plan, client) => texts(await client.call(plan.call)),
  'step-up': async (plan, client) => [...texts(await client.call(plan['step-up'])), signIn(client.opened())],
  progress: async (plan, client) => {
    const saw = [];
    const result = await client.call(plan.progress, ({ progress, total }) => saw.push(`${progress}/${total}`));
    return [...saw, ...texts(result)];
  },
  question: async (plan, client) => {
    const saw = [];
    for (const { content, ...request } of plan.question) {
      client.answer(content);
      saw.push(...texts(await client.call(request)));
    }
    return saw;
  },
  resources: async (plan, client) => {
    const uris = names(await client.resources(), 'uri');
    const { contents } = await client.read(plan.resources);
    return [...uris, ...contents.map(({ text }) => text)];
  },
  prompts: async (plan, client) => {
    const prompts = names(await client.prompts(), 'name');
    const { messages } = await client.prompt(plan.prompts);
    return [...prompts, ...messages.map(({ content }) => content.text)];
  },
  reconnect: async (plan, client) => {
    const before = client.resumptions?.();
    const result = await client.call(plan.reconnect);
    if (client.resumptions && client.resumptions() === before) throw new Error('the answer came without a resumption');
    return texts(result);
  },
  close: async (_, client) => {
    await client.close();
    return [];
  },
};

async function step(name, run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${LIMIT} ms`)), LIMIT);
  });
  try {
    print({ step: name, saw: await Promise.race([run(), late]) });
    return true;
  } catch (error) {
    print({ step: name, failed: `${error}` });
    return false;
  } finally {
    clearTimeout(timer);
  }
}

const names = (items, key) => items.map((item) => item[key]);

/** The texts of a tool's result; an error that a tool answers with is a failure here. */
function texts({ content, isError }) {
  const saw = content.map(({ text }) => text ?? '');
  if (isError) throw new Error(`the tool answered with an error: ${saw}`);
  return saw;
}

/** All pages of a list. */
export async function pages(list, key) {
  const items = [];
  let cursor;
  do {
    const page = await list(cursor ? { cursor } : {});
    items.push(...page[key]);
    cursor = page.nextCursor;
  } while (cursor);
  return items;
}

/** A `fetch` that counts the requests that resume a stream. */
export function countingFetch() {
  const counting = (url, init) => {
    if (new Headers(init?.headers).has('last-event-id')) counting.resumptions += 1;
    return fetch(url, init);
  };
  counting.resumptions = 0;
  return counting;
}

import { describe, expect, test } from 'bun:test';
import { type Broadcast, MESSAGE_BYTES_MAX } from './broadcast.ts';

export interface BroadcastDriver {
  /** Members that hear each other when, and only when, they are made with the same `group`. The suite disposes them. */
  readonly create: (group: string) => Broadcast;
  /** Resolves when `check` holds; throws when it never does. */
  readonly until: (check: () => boolean, what: string) => Promise<void>;
}

interface Member extends AsyncDisposable {
  readonly broadcast: Broadcast;
  readonly heard: string[];
  readonly joins: () => number;
}

/** What every broadcast must do; see broadcast.ts. */
export function broadcastConformance(name: string, driver: BroadcastDriver): void {
  const join = async (group: string): Promise<Member> => {
    const broadcast = driver.create(group);
    const heard: string[] = [];
    let joins = 0;
    broadcast.listen({ onMessage: (message) => void heard.push(message), onJoin: () => void (joins += 1) });
    await driver.until(() => joins > 0, 'joining');
    return { broadcast, heard, joins: () => joins, [Symbol.asyncDispose]: () => broadcast[Symbol.asyncDispose]() };
  };
  const group = () => crypto.randomUUID();

  describe(`broadcast: ${name}`, () => {
    test('all others hear it, in order, and nobody hears himself', async () => {
      const here = group();
      await using first = await join(here);
      await using second = await join(here);
      await using third = await join(here);
      const said = Array.from({ length: 200 }, (_, index) => `${index} é\n{"a":"b c"}`);
      for (const message of said) first.broadcast.publish(message);
      await driver.until(() => second.heard.length >= said.length && third.heard.length >= said.length, 'hearing it');
      expect(second.heard).toEqual(said);
      expect(third.heard).toEqual(said);
      // An answer comes after whatever came before it.
      second.broadcast.publish('answer');
      await driver.until(() => first.heard.length > 0 && third.heard.length > said.length, 'the answer');
      expect(first.heard).toEqual(['answer']);
      expect(second.heard).toEqual(said);
    });

    test('groups do not meet', async () => {
      const here = group();
      await using first = await join(here);
      await using second = await join(here);
      await using stranger = await join(group());
      stranger.broadcast.publish('of another');
      first.broadcast.publish('ours');
      await driver.until(() => second.heard.length > 0, 'hearing it');
      expect([second.heard, stranger.heard, first.heard]).toEqual([['ours'], [], []]);
    });

    test('what is too long is dropped, and the longest that is allowed is not', async () => {
      const here = group();
      await using first = await join(here);
      await using second = await join(here);
      const longest = 'x'.repeat(MESSAGE_BYTES_MAX);
      first.broadcast.publish(`${longest}x`);
      first.broadcast.publish('é'.repeat(MESSAGE_BYTES_MAX / 2 + 1));
      first.broadcast.publish(longest);
      first.broadcast.publish('');
      await driver.until(() => second.heard.length >= 2, 'hearing it');
      expect(second.heard).toEqual([longest, '']);
    });

    test('who has left neither hears nor is heard, and may say so twice', async () => {
      const here = group();
      await using first = await join(here);
      await using second = await join(here);
      await using third = await join(here);
      await second.broadcast[Symbol.asyncDispose]();
      second.broadcast.publish('from the grave');
      first.broadcast.publish('still here');
      await driver.until(() => third.heard.length > 0, 'hearing it');
      expect([third.heard, second.heard]).toEqual([['still here'], []]);
    });
  });
}

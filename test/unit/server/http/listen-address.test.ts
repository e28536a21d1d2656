import { networkInterfaces } from 'node:os';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addressToListenOn, hostInUrl, isLoopback } from '../../../../server/http/listen-address.ts';
import { rawHttp } from '../../../helpers/raw-http.ts';
import { startGateway } from '../../../helpers/start-gateway.ts';

const REFUSED = { code: 'INVALID_PARAMS', message: expect.stringContaining('is not loopback') };
const names =
  (...addresses: string[]) =>
  (): Promise<{ address: string }[]> =>
    Promise.resolve(addresses.map((address) => ({ address })));

describe('the address to listen on', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])(
    'may be %s',
    async (host) => {
      expect(isLoopback(await addressToListenOn(host, { allowInsecure: false }))).toBe(true);
    },
  );

  it.each(['0.0.0.0', '::', '192.168.1.2', 'fe80::1', '::ffff:192.168.1.2', '::ffff:0.0.0.0', '128.0.0.1'])(
    'is not %s unless that is allowed',
    async (host) => {
      await expect(addressToListenOn(host, { allowInsecure: false })).rejects.toMatchObject(REFUSED);
      expect(await addressToListenOn(host, { allowInsecure: true })).toBe(host);
    },
  );

  it('is that of a name which stands for loopback alone', async () => {
    const allowInsecure = false;
    const resolve = names('127.0.0.1', '::1');
    expect(await addressToListenOn('localhost', { allowInsecure, resolve })).toBe('127.0.0.1');
    for (const found of [['10.0.0.7'], ['127.0.0.1', '10.0.0.7'], ['::1', 'fd00::7']]) {
      const asked = addressToListenOn('localhost', { allowInsecure, resolve: names(...found) });
      await expect(asked).rejects.toMatchObject({
        ...REFUSED,
        message: expect.stringContaining(`localhost (${found.at(-1)})`),
      });
    }
  });

  it('is looked up once: what is listened on is what was looked at', async () => {
    let count = 0;
    const resolve = (): Promise<{ address: string }[]> => {
      count += 1;
      return Promise.resolve([{ address: count === 1 ? '127.0.0.1' : '10.0.0.7' }]);
    };
    expect(await addressToListenOn('localhost', { allowInsecure: false, resolve })).toBe('127.0.0.1');
    expect(count).toBe(1);
  });

  it('is not one of a name that has none', async () => {
    for (const resolve of [names(), () => Promise.reject(new Error('ENOTFOUND'))]) {
      const asked = addressToListenOn('no.such.host', { allowInsecure: true, resolve });
      await expect(asked).rejects.toMatchObject({ code: 'INVALID_PARAMS' });
    }
  });

  it('stands in brackets in a URL where it is IPv6', () => {
    expect(['::1', '127.0.0.1', 'localhost'].map(hostInUrl)).toEqual(['[::1]', '127.0.0.1', 'localhost']);
  });
});

describe('a server', () => {
  it('does not start beyond loopback unless told that it is meant', async () => {
    await expect(startGateway({ host: '0.0.0.0' })).rejects.toMatchObject(REFUSED);
    const { server } = await startGateway({ host: '0.0.0.0', allowInsecure: true });
    expect((await rawHttp(server.port)).status).toBe(200);
  });

  it('is reached at loopback only', async () => {
    const { server } = await startGateway({ host: 'localhost' });
    const outside = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const { address } of outside) {
      const socket = connect(server.port, address);
      onTestFinished(() => void socket.destroy());
      const error = await new Promise((resolve) => {
        socket.once('error', resolve).once('connect', () => resolve('connected'));
      });
      expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    }
  });
});

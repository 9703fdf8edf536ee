// SPDX-License-Identifier: BSD-3-Clause
// Tokens minted by joingate are accepted by the vendors' own verifiers and by the JWT libraries these
// wrap, and say there what was ordered. mint_test.mjs JOINGATE
import { NOW, livekit, stream, development, opentok, vonage, agora, session, run, check, finish } from './world.mjs';
import { createRequire } from 'node:module';
import zlib from 'node:zlib';

const require = createRequire(import.meta.url);
const { TokenVerifier } = await import('livekit-server-sdk');
const jose = await import('jose');
const jsonwebtoken = require('jsonwebtoken');
const t1 = require('opentok-token/helpers.js');
const { verifySignature } = require('@vonage/jwt');
const { AccessToken2, ServiceRtc, ServiceRtm, ServiceConvoAI } = require('agora-token/src/AccessToken2');
const { AccessToken: AccessToken1 } = require('agora-token/src/AccessToken');
const { StreamChat } = require('stream-chat');

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const orders = [], checks = [];
const order = (name, what, examine) => { orders.push(what); checks.push({ name, examine }); };
const secretBytes = (secret) => new TextEncoder().encode(secret);

// A JWT must pass both libraries with the algorithm pinned; the payload goes on.
async function jwt(token, key, alg) {
  const byJsonwebtoken = jsonwebtoken.verify(token, key, { algorithms: [alg] });
  const joseKey = alg === 'RS256' ? await jose.importSPKI(key, alg) : secretBytes(key);
  const byJose = (await jose.jwtVerify(token, joseKey, { algorithms: [alg], currentDate: new Date(NOW * 1000) })).payload;
  if (!same(byJsonwebtoken, byJose)) throw new Error('jsonwebtoken and jose read different payloads');
  return byJose;
}

const grants = ['join', 'subscribe', 'publish_camera', 'publish_microphone', 'publish_data'];
order('livekit for TokenVerifier', { vendor: 'livekit', app: livekit.key, identity: 'alice', room: 'lobby', name: 'Alice Ünï',
  metadata: '{"seat":7}', attributes: { team: 'red' }, capabilities: grants, expires_at: NOW + 600 }, async (token) => {
  const claims = await new TokenVerifier(livekit.key, livekit.secret).verify(token);
  await jwt(token, livekit.secret, 'HS256');
  return claims.sub === 'alice' && claims.name === 'Alice Ünï' && claims.metadata === '{"seat":7}' && same(claims.attributes, { team: 'red' }) &&
    claims.exp === NOW + 600 && claims.video.room === 'lobby' && claims.video.roomJoin === true &&
    same([...claims.video.canPublishSources].sort(), ['camera', 'microphone']);
});
order('livekit refused by another secret', { vendor: 'livekit', app: livekit.key, identity: 'alice', room: 'lobby', capabilities: ['join'] }, (token) =>
  new TokenVerifier(livekit.key, 'another-secret').verify(token).then(() => false, () => true));
order('livekit admin', { vendor: 'livekit', app: livekit.key, identity: 'root', room: 'lobby', capabilities: ['join', 'room_admin', 'force_disconnect', 'force_unpublish', 'force_mute', 'room_create', 'sip_call'] }, async (token) => {
  const claims = await new TokenVerifier(livekit.key, livekit.secret).verify(token);
  return claims.video.roomAdmin === true && claims.video.roomCreate === true && claims.sip.call === true &&
    claims.video.canPublish === false && claims.video.canSubscribe === false;
});

const chat = new StreamChat(stream.key, stream.secret, { disableCache: true });
order('stream user', { vendor: 'stream', app: stream.key, identity: 'john', issued_at: NOW, expires_at: NOW + 3600 }, async (token) => {
  const claims = await jwt(token, stream.secret, 'HS256');
  const theirs = await jwt(chat.createToken('john', NOW + 3600, NOW), stream.secret, 'HS256');
  return Object.keys(theirs).every((k) => theirs[k] === claims[k]);
});
order('stream server', { vendor: 'stream', app: stream.key, type: 'server' }, async (token) => (await jwt(token, stream.secret, 'HS256')).server === true);
order('stream call', { vendor: 'stream', app: stream.key, type: 'call', identity: 'john', room: 'default:standup', role: 'host' }, async (token) => {
  const claims = await jwt(token, stream.secret, 'HS256');
  return claims.user_id === 'john' && same(claims.call_cids, ['default:standup']) && claims.role === 'host';
});
order('stream development', { vendor: 'stream', app: development.key, type: 'development', identity: 'jo' }, (token) => {
  // The SDK pads the payload, which is base64 either way.
  const parts = (text) => text.split('.').map((part) => part.replace(/=+$/, ''));
  return same(parts(token), parts(chat.devToken('jo')));
});

for (const role of ['subscriber', 'publisher', 'publisheronly', 'moderator']) {
  const wanted = { role, room: session, metadata: 'user=42', layout_classes: ['focus', 'top'], expires_at: NOW + 600 };
  const says = (claims) => claims.role === role && claims.session_id === session && claims.connection_data === 'user=42' &&
    Number(claims.expire_time ?? claims.exp) === NOW + 600 && claims.initial_layout_class_list === 'focus top';
  order(`opentok JWT ${role}`, { vendor: 'opentok', app: opentok.key, ...wanted }, async (token) => {
    const claims = await jwt(token, opentok.secret, 'HS256');
    return says(claims) && claims.iss === opentok.key && claims.ist === 'project' && claims.scope === 'session.connect';
  });
  order(`opentok T1 ${role}`, { vendor: 'opentok', app: opentok.key, format: 't1', ...wanted }, (token) =>
    t1.verifyTokenSignature(token, opentok.secret) && !t1.verifyTokenSignature(token, 'another') && says(t1.decodeToken(token)));
  order(`vonage ${role}`, { vendor: 'vonage', app: vonage.key, ...wanted }, async (token) => {
    const claims = await jwt(token, vonage.publicKey, 'RS256');
    return verifySignature(token, vonage.publicKey) && says(claims) && claims.application_id === vonage.key && claims.scope === 'session.connect';
  });
}

const rtc = { vendor: 'agora', app: agora.key, room: 'demo-room', identity: '2882341273', issued_at: NOW, expires_at: NOW + 3600 };
order('agora 007 rtc', { ...rtc, capabilities: ['join', 'subscribe', 'publish_camera', 'publish_screen_share'], capability_expires: { join: NOW + 600, subscribe: NOW + 600 } }, (token) => {
  const parsed = new AccessToken2();
  const [service] = parsed.from_string(token) ? parsed.getServices(ServiceRtc.kServiceType ?? 1) : [];
  const text = (x) => Buffer.from(x).toString();
  return parsed.verifySignature(agora.secret) && !parsed.verifySignature('f'.repeat(32)) && text(parsed.appId) === agora.key && parsed.issueTs === NOW && parsed.expire === 3600 &&
    text(service.__channel_name) === 'demo-room' && text(service.__uid) === '2882341273' && same(Object.keys(service.__privileges), ['1', '3']) && service.__privileges[1] === 600;
});
order('agora 007 rtm', { vendor: 'agora', app: agora.key, service: 'rtm', identity: 'ann', capabilities: ['signal', 'rtm_login'], issued_at: NOW, expires_at: NOW + 600 }, (token) => {
  const parsed = new AccessToken2();
  const [service] = parsed.from_string(token) ? parsed.getServices(ServiceRtm.kServiceType ?? 2) : [];
  return parsed.verifySignature(agora.secret) && Buffer.from(service.__user_id).toString() === 'ann';
});
// What the multi-service builders make, each service with a user of its own: the same bytes but for the salt.
order('agora 007 of several services', { vendor: 'agora', app: agora.key, salt: 77, issued_at: NOW, expires_at: NOW + 3600, services: [
  { type: 'rtc', room: 'demo-room', identity: 'bot', capabilities: ['join', 'subscribe'] },
  { type: 'rtm', identity: 'ann', capabilities: ['signal', 'rtm_login'] }, { type: 'convo_ai' }],
  capability_expires: { join: NOW + 600, subscribe: NOW + 600 } }, (token) => {
  const theirs = new AccessToken2(agora.key, agora.secret, NOW, 3600), parsed = new AccessToken2();
  const rtcService = new ServiceRtc('demo-room', 'bot'), rtmService = new ServiceRtm('ann');
  rtcService.add_privilege(ServiceRtc.kPrivilegeJoinChannel, 600);
  rtmService.add_privilege(ServiceRtm.kPrivilegeLogin, 0);
  [rtcService, rtmService, new ServiceConvoAI()].forEach((service) => theirs.add_service(service));
  theirs.salt = 77;
  const plain = (text) => zlib.inflateSync(Buffer.from(text.slice(3), 'base64'));
  return parsed.from_string(token) && parsed.verifySignature(agora.secret) && plain(token).equals(plain(theirs.build()));
});
// The SDK has no verifier for 006; it must make the same text from the same salt and times.
order('agora 006', { ...rtc, format: 'agora-006', salt: 1234567, expires_at: NOW + 86400, capabilities: ['join', 'subscribe'], capability_expires: { join: NOW + 600, subscribe: NOW + 600 } }, (token) => {
  const theirs = new AccessToken1(agora.key, agora.secret, 'demo-room', '2882341273');
  theirs.salt = 1234567;
  theirs.ts = NOW + 86400;
  theirs.addPriviledge(1, NOW + 600);
  return theirs.build() === token;
});

const minted = run('mint', orders);
for (let i = 0; i < checks.length; i++) {
  const { token } = minted[i];
  try {
    check(checks[i].name, await checks[i].examine(token), token);
  } catch (error) {
    check(checks[i].name, false, `${error.message}; ${token}`);
  }
}
finish();

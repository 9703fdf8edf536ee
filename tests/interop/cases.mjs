// SPDX-License-Identifier: BSD-3-Clause
// Tokens freshly minted by the vendors' own SDKs, with the verdict that each must get. All of them are
// judged as at NOW: what has expired was minted long ago.
import { NOW, ago, livekit, stream, development, opentok, vonage, agora, session } from './world.mjs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { AccessToken, TrackSource } = await import('livekit-server-sdk');
const { StreamChat } = require('stream-chat');
const OpenTok = require('opentok');
const { Video } = require('@vonage/video');
const { Auth } = require('@vonage/auth');
const Agora = require('agora-token');
const { AccessToken2, ServiceRtc, ServiceRtm } = require('agora-token/src/AccessToken2');
const { AccessToken: AccessToken1 } = require('agora-token/src/AccessToken');

const MEDIA = ['publish_camera', 'publish_microphone', 'publish_screen_share', 'publish_screen_share_audio'];
const ROLES = {
  subscriber: ['join', 'subscribe'],
  publisher: ['join', 'subscribe', ...MEDIA, 'publish_other', 'signal'],
  publisheronly: ['join', ...MEDIA, 'publish_other'],
  moderator: ['join', 'subscribe', ...MEDIA, 'publish_other', 'signal', 'force_disconnect', 'force_unpublish', 'force_mute'],
};
export const cases = [];
const admit = (name, request, want) => cases.push({ name, request, want: { verdict: 'admit', ...want } });
const reject = (name, request, reason) => cases.push({ name, request, want: { verdict: 'reject', reason } });

// LiveKit
async function mintLivekit(grant, options = {}, secret = livekit.secret) {
  const token = new AccessToken(livekit.key, secret, { identity: 'alice', ...options });
  if (grant) token.addGrant({ room: 'lobby', ...grant });
  return { vendor: 'livekit', token: await token.toJwt() };
}
const all = ['join', 'subscribe', ...MEDIA, 'publish_other', 'publish_data'];
admit('livekit join', await mintLivekit({ roomJoin: true }, { name: 'Alice Ünï', metadata: '{"seat":7}', attributes: { team: 'red' } }),
  { identity: 'alice', room: 'lobby', name: 'Alice Ünï', metadata: '{"seat":7}', attributes: { team: 'red' }, capabilities: all, expires_at: NOW + 21600, kind: 'standard' });
admit('livekit subscriber', await mintLivekit({ roomJoin: true, canPublish: false }), { capabilities: ['join', 'subscribe'] });
admit('livekit sources', await mintLivekit({ roomJoin: true, canPublishSources: [TrackSource.CAMERA, TrackSource.MICROPHONE], canPublishData: false }),
  { capabilities: ['join', 'subscribe', 'publish_camera', 'publish_microphone'] });
admit('livekit admin', await mintLivekit({ roomJoin: true, roomAdmin: true, hidden: true, roomRecord: true }),
  { capabilities: [...all, 'hidden', 'force_disconnect', 'force_unpublish', 'force_mute', 'room_admin', 'room_record'] });
admit('livekit ttl', await mintLivekit({ roomJoin: true }, { ttl: '10m' }), { expires_at: NOW + 600 });
reject('livekit without join', await mintLivekit({ roomCreate: true }), 'no_join');
reject('livekit other secret', await mintLivekit({ roomJoin: true }, {}, 'another-secret'), 'bad_signature');
reject('livekit expired', await ago(7200, () => mintLivekit({ roomJoin: true }, { ttl: 60 })), 'expired');
reject('livekit other room', { ...await mintLivekit({ roomJoin: true }), room: 'attic' }, 'room_mismatch');

// Stream
const chat = new StreamChat(stream.key, stream.secret, { disableCache: true });
const chatRequest = (token, more = {}) => ({ vendor: 'stream', app: stream.key, identity: 'john', token, ...more });
const chatCapabilities = ['join', 'subscribe', ...MEDIA, 'signal'];
admit('stream user', chatRequest(chat.createToken('john')), { identity: 'john', capabilities: chatCapabilities, expires_at: null, issued_at: null });
admit('stream exp and iat', chatRequest(chat.createToken('john', NOW + 3600, NOW - 5)), { expires_at: NOW + 3600, issued_at: NOW - 5 });
reject('stream other user', chatRequest(chat.createToken('mallory')), 'identity_mismatch');
reject('stream expired', chatRequest(chat.createToken('john', NOW)), 'expired');
reject('stream development token', chatRequest(chat.devToken('john')), 'dev_token');
for (const id of ['john', 'jo', 'a-user', 'a>>b'])
  admit(`stream development token of ${id}`, { vendor: 'stream', app: development.key, identity: id, token: chat.devToken(id) }, { identity: id });

// OpenTok: both layouts of the SDK
const project = new OpenTok(opentok.key, opentok.secret);
for (const t1 of [false, true]) {
  const mint = (options) => ({ vendor: 'opentok', app: opentok.key, room: session, token: project.generateToken(session, options, t1) });
  const layout = t1 ? 'T1' : 'JWT';
  for (const [role, capabilities] of Object.entries(ROLES))
    admit(`opentok ${layout} ${role}`, mint({ role, data: 'id=7&name=Zoë "Z"', initialLayoutClassList: ['focus', 'top'] }),
      { role, capabilities, room: session, metadata: 'id=7&name=Zoë "Z"', layout_classes: ['focus', 'top'], expires_at: NOW + 86400 });
  admit(`opentok ${layout} 30 days`, mint({ expireTime: NOW + 30 * 86400 }), { expires_at: NOW + 30 * 86400 });
  reject(`opentok ${layout} 31 days`, mint({ expireTime: NOW + 31 * 86400 }), 'lifetime');
  reject(`opentok ${layout} other session`, { ...mint({}), room: '1_other' }, 'room_mismatch');
}
reject('opentok expired', { vendor: 'opentok', room: session, token: await ago(90000, () => project.generateToken(session)) }, 'expired');
reject('opentok REST token', { vendor: 'opentok', token: project.generateJwt() }, 'no_join');

// Vonage
const video = new Video(new Auth({ applicationId: vonage.key, privateKey: vonage.privateKey }));
for (const [role, capabilities] of Object.entries(ROLES))
  admit(`vonage ${role}`, { vendor: 'vonage', app: vonage.key, room: session, token: video.generateClientToken(session, { role, data: 'x=1', expireTime: NOW + 3600 }) },
    { role, capabilities, room: session, metadata: 'x=1', expires_at: NOW + 3600 });
reject('vonage unknown role', { vendor: 'vonage', token: video.generateClientToken(session, { role: 'admin' }) }, 'bad_claim');
reject('vonage expired', { vendor: 'vonage', token: await ago(90000, () => video.generateClientToken(session)) }, 'expired');
reject('vonage other session', { vendor: 'vonage', room: '1_other', token: video.generateClientToken(session) }, 'room_mismatch');
admit('vonage by the OpenTok SDK', { vendor: 'vonage', room: session, token: new OpenTok(vonage.key, vonage.privateKey).generateToken(session, { role: 'subscriber' }) },
  { role: 'subscriber', capabilities: ROLES.subscriber });

// Agora
const { RtcTokenBuilder, RtcRole, RtmTokenBuilder, Rtm2Permissions } = Agora;
const rtc = (token, more = {}) => ({ vendor: 'agora', app: agora.key, room: 'demo-room', identity: '2882341273', token, ...more });
const rtcToken = (role, token, privilege) => RtcTokenBuilder.buildTokenWithUid(agora.key, agora.secret, 'demo-room', 2882341273, role, token, privilege);
const publisher = ['join', 'subscribe', ...MEDIA, 'publish_data'];
admit('agora publisher', rtc(rtcToken(RtcRole.PUBLISHER, 3600, 0)), { capabilities: publisher, expires_at: NOW + 3600, room: 'demo-room', identity: '2882341273' });
admit('agora subscriber', rtc(rtcToken(RtcRole.SUBSCRIBER, 3600, 0)), { capabilities: ['join', 'subscribe'] });
admit('agora privileges end', rtc(rtcToken(RtcRole.SUBSCRIBER, 3600, 600)), { capability_expires: { join: NOW + 600, subscribe: NOW + 600 } });
admit('agora account', rtc(RtcTokenBuilder.buildTokenWithUserAccount(agora.key, agora.secret, 'demo-room', 'ann', RtcRole.PUBLISHER, 3600, 0), { identity: 'ann' }), { identity: 'ann' });
reject('agora other channel', rtc(rtcToken(RtcRole.PUBLISHER, 3600, 0), { room: 'other' }), 'room_mismatch');
reject('agora other user', rtc(rtcToken(RtcRole.PUBLISHER, 3600, 0), { identity: '5' }), 'identity_mismatch');
reject('agora expired', rtc(await ago(600, () => rtcToken(RtcRole.PUBLISHER, 600, 0))), 'expired');
const rtm = { vendor: 'agora', service: 'rtm', identity: 'ann' };
admit('agora rtm', { ...rtm, token: RtmTokenBuilder.buildToken(agora.key, agora.secret, 'ann', 3600) }, { identity: 'ann', capabilities: ['signal', 'rtm_login'] });
reject('agora rtm joins no channel', rtc(RtmTokenBuilder.buildToken(agora.key, agora.secret, 'ann', 3600)), 'no_join');
const both = new AccessToken2(agora.key, agora.secret, NOW, 3600);
const rtcService = new ServiceRtc('demo-room', 'ann');
rtcService.add_privilege(ServiceRtc.kPrivilegeJoinChannel, 0);
const rtmService = new ServiceRtm('ann');
rtmService.add_privilege(ServiceRtm.kPrivilegeLogin, 0);
both.add_service(rtcService);
both.add_service(rtmService);
const bothText = both.build();
admit('agora both, for rtc', rtc(bothText, { identity: 'ann' }), { capabilities: ['join', 'subscribe', 'signal', 'rtm_login'] });
admit('agora both, for rtm', { ...rtm, token: bothText }, { capabilities: ['signal', 'rtm_login'] });
// The other builders: tokens for several services with a user each, and for services that join no channel.
admit('agora privileges one by one', rtc(RtcTokenBuilder.buildTokenWithUidAndPrivilege(agora.key, agora.secret, 'demo-room', 2882341273, 3600, 900, 800, 700, 600)),
  { capabilities: publisher, capability_expires: { join: NOW + 900, subscribe: NOW + 900, publish_camera: NOW + 700, publish_microphone: NOW + 800,
    publish_screen_share: NOW + 700, publish_screen_share_audio: NOW + 800, publish_data: NOW + 600 } });
for (const [name, builder, capability] of [['convo ai', Agora.ConvoAITokenBuilder, 'convo_ai'], ['stt', Agora.SttTokenBuilder, 'stt']]) {
  const token = builder.buildToken(agora.key, agora.secret, 'demo-room', 'bot', RtcRole.PUBLISHER, 3600, 0, 0, 0, 0, 'ann', 3600);
  admit(`agora ${name}, for rtc`, rtc(token, { identity: 'bot' }), { identity: 'bot', capabilities: [...publisher, 'signal', 'rtm_login', capability] });
  admit(`agora ${name}, for rtm`, { ...rtm, token }, { identity: 'ann', capabilities: ['signal', 'rtm_login'] });
  reject(`agora ${name}, not for the other's user`, { ...rtm, identity: 'bot', token }, 'identity_mismatch');
}
const permissions = new Rtm2Permissions();
permissions.add(Rtm2Permissions.kMessageChannels, Rtm2Permissions.kRead, ['m1', 'm2']);
const rtm2Token = RtmTokenBuilder.buildTokenWithPermissions(agora.key, agora.secret, 'ann', permissions, 3600);
const u16 = (...numbers) => Buffer.from(Uint16Array.from(numbers).buffer).toString('hex');
const text = (word) => u16(word.length) + Buffer.from(word).toString('hex');
admit('agora rtm2', { ...rtm, token: rtm2Token }, { identity: 'ann', capabilities: ['rtm_login'],
  rtm_permissions: u16(1, Rtm2Permissions.kMessageChannels, 1, Rtm2Permissions.kRead, 2) + text('m1') + text('m2') });
const classToken = Agora.EducationTokenBuilder.buildRoomUserToken(agora.key, agora.secret, 'class', 'ann', 2, 3600);
admit('agora education, for rtm', { ...rtm, token: classToken }, { identity: 'ann', capabilities: ['signal', 'rtm_login'] });
for (const [name, token] of [['education', classToken], ['chat', Agora.ChatTokenBuilder.buildUserToken(agora.key, agora.secret, 'ann', 3600)],
  ['fpa', Agora.FpaTokenBuilder.buildToken(agora.key, agora.secret)], ['apaas', Agora.ApaasTokenBuilder.buildAppToken(agora.key, agora.secret, 3600)]])
  reject(`agora ${name} joins no channel`, rtc(token), 'no_join');
const old = new AccessToken1(agora.key, agora.secret, 'demo-room', '2882341273');
old.addPriviledge(1, NOW + 600);
old.addPriviledge(2, NOW + 600);
admit('agora 006', rtc(old.build()), { capabilities: ['join', 'subscribe', 'publish_microphone', 'publish_screen_share_audio'] });

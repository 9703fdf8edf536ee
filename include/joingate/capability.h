// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <joingate/types.h>

// clang-format off
/** What an admitted participant may do: X(bit, SYMBOL, "name", "help"). Bit numbers are fixed for ever. */
#define JG_CAPABILITIES(X) \
	X( 0, JOIN,                       "join",                       "enter the room") \
	X( 1, SUBSCRIBE,                  "subscribe",                  "receive tracks") \
	X( 2, PUBLISH_CAMERA,             "publish_camera",             "publish a camera track") \
	X( 3, PUBLISH_MICROPHONE,         "publish_microphone",         "publish a microphone track") \
	X( 4, PUBLISH_SCREEN_SHARE,       "publish_screen_share",       "publish a screen share") \
	X( 5, PUBLISH_SCREEN_SHARE_AUDIO, "publish_screen_share_audio", "publish the sound of a screen share") \
	X( 6, PUBLISH_OTHER,              "publish_other",              "publish tracks of no known source") \
	X( 7, PUBLISH_DATA,               "publish_data",               "publish data messages or streams") \
	X( 8, SIGNAL,                     "signal",                     "send signalling messages") \
	X( 9, UPDATE_OWN_METADATA,        "update_own_metadata",        "change one's own name, metadata and attributes") \
	X(10, HIDDEN,                     "hidden",                     "be invisible to the others") \
	X(11, RECORDER,                   "recorder",                   "is a recorder") \
	X(12, AGENT_WORKER,               "agent_worker",               "register as an agent worker") \
	X(13, SUBSCRIBE_METRICS,          "subscribe_metrics",          "receive metrics") \
	X(14, MANAGE_AGENT_SESSION,       "manage_agent_session",       "manage an agent session") \
	X(15, FORCE_DISCONNECT,           "force_disconnect",           "disconnect somebody else") \
	X(16, FORCE_UNPUBLISH,            "force_unpublish",            "stop somebody else's track") \
	X(17, FORCE_MUTE,                 "force_mute",                 "mute somebody else") \
	X(18, ROOM_ADMIN,                 "room_admin",                 "administer this room") \
	X(19, ROOM_CREATE,                "room_create",                "create and delete rooms") \
	X(20, ROOM_LIST,                  "room_list",                  "list rooms") \
	X(21, ROOM_RECORD,                "room_record",                "record rooms") \
	X(22, INGRESS_ADMIN,              "ingress_admin",              "administer ingress") \
	X(23, SIP_ADMIN,                  "sip_admin",                  "administer SIP") \
	X(24, SIP_CALL,                   "sip_call",                   "dial out over SIP") \
	X(25, AGENT_ADMIN,                "agent_admin",                "administer agents") \
	X(26, AGENT_SIMULATION_ADMIN,     "agent_simulation_admin",     "administer agent simulations") \
	X(27, AGENT_DATABASE_ADMIN,       "agent_database_admin",       "administer agent databases") \
	X(28, INFERENCE,                  "inference",                  "perform inference") \
	X(29, OBSERVABILITY_WRITE,        "observability_write",        "write observability records") \
	X(30, RTM_LOGIN,                  "rtm_login",                  "log in to Agora RTM") \
	X(31, CHAT_USER,                  "chat_user",                  "Agora Chat user") \
	X(32, CHAT_APP,                   "chat_app",                   "Agora Chat app") \
	X(33, STREAM_PUSH_MIX,            "stream_push_mix",            "push a mixed stream") \
	X(34, STREAM_PUSH_RAW,            "stream_push_raw",            "push a raw stream") \
	X(35, FPA_LOGIN,                  "fpa_login",                  "log in to FPA") \
	X(36, CDN_PUBLISH,                "cdn_publish",                "publish to the fusion CDN") \
	X(37, CDN_PLAY,                   "cdn_play",                   "play from the fusion CDN") \
	X(38, APAAS_ROOM_USER,            "apaas_room_user",            "aPaaS room user") \
	X(39, APAAS_USER,                 "apaas_user",                 "aPaaS user") \
	X(40, APAAS_APP,                  "apaas_app",                  "aPaaS app") \
	X(41, CONVO_AI,                   "convo_ai",                   "conversational AI") \
	X(42, STT,                        "stt",                        "speech to text") \
	X(43, SERVER,                     "server",                     "full API access; never admitted to a room")
// clang-format on

enum jg_capability_bit {
#define X(bit, symbol, name, help) JG_CAPABILITY_BIT_##symbol = bit,
	JG_CAPABILITIES(X)
#undef X
	JG_CAPABILITY_COUNT
};

/** The mask of one capability: JG_CAPABILITY(JOIN). A capability word is a uint64_t of these. */
#define JG_CAPABILITY(symbol) (UINT64_C(1) << JG_CAPABILITY_BIT_##symbol)
#define JG_CAPABILITY_ALL ((UINT64_C(1) << JG_CAPABILITY_COUNT) - 1)

/** Camera, microphone, screen share, screen share audio, other: what a publish source list limits. */
#define JG_CAPABILITY_PUBLISH                                                                     \
	(JG_CAPABILITY(PUBLISH_CAMERA) | JG_CAPABILITY(PUBLISH_MICROPHONE) |                      \
		JG_CAPABILITY(PUBLISH_SCREEN_SHARE) | JG_CAPABILITY(PUBLISH_SCREEN_SHARE_AUDIO) | \
		JG_CAPABILITY(PUBLISH_OTHER))

/** The name of a bit; "?" for a bit that is none. */
JG_API const char *jg_capability_name(unsigned bit);
/** The bit of a name, -1 when there is none. */
JG_API int jg_capability_find(struct jg_str name);

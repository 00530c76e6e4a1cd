/*
 * dialog_texts - the reply texts in four languages, read once from phrases/replies/.
 *
 * Owns:    every word a citizen reads. The code names a text, never writes one.
 * Used by: the dialog modules and adapters/services/.
 * Never:   starts with a file that lacks a text, a placeholder or a language: refused with file
 *          and line, because a missing text would be noticed in the worst minute.
 */
#ifndef SAHAYA_DIALOG_TEXTS_H
#define SAHAYA_DIALOG_TEXTS_H

#include <sahaya/conf.h>

#define TEXTS_MAX         256

#define TEXT_LANGUAGES(X) X(TE, "te") X(HI, "hi") X(UR, "ur") X(EN, "en")
enum text_language {
#define X(name, file) TEXT_##name,
    TEXT_LANGUAGES(X)
#undef X
        TEXT_N_LANGUAGES
};

/* What may stand in {braces}. Numbers are ASCII digits in every language. */
#define TEXT_PLACEHOLDERS(X) \
    X(agency) X(dial) X(ref) X(case) X(vehicle) X(minutes) X(hours) X(time) X(price) X(date) X(reason) X(company)
enum text_placeholder {
#define X(name) TEXT_IN_##name,
    TEXT_PLACEHOLDERS(X)
#undef X
        TEXT_N_PLACEHOLDERS
};
struct text_values { /* NULL = "" */
    const char *in[TEXT_N_PLACEHOLDERS];
};

/* The texts the code names. Data files may name further ones (titles, advice). */
/* clang-format off */
#define TEXT_KEYS(X) \
    X(PASSING, "first.passing") X(PASSING_BULK, "first.passing_bulk") \
    X(WHAT_HAPPENED, "first.what_happened") X(PAUSED, "first.booking_paused") \
    X(NEUTRAL, "first.neutral") X(DIAL, "line.dial") X(DEAF, "line.deaf") X(REF, "line.ref") \
    X(CASE, "line.case") X(VEHICLE, "line.vehicle") X(ETA, "line.eta") \
    X(BOOKING_NO, "line.booking") X(PRICE, "line.price") X(DUE, "line.due") \
    X(REASON, "line.reason") X(ADDED, "more.added") X(ADDED_PLACE, "more.place") \
    X(RAISED, "more.raised") X(REPEATED, "more.repeated") X(RESUMED, "more.resumed") \
    X(UNREADABLE, "more.unreadable") X(UNCONFIRMED, "more.unconfirmed") \
    X(REFUSED_BULK, "more.refused_bulk") X(REFUSED_HOURS, "more.refused_hours") \
    X(REFUSED_TOMORROW, "more.refused_tomorrow") X(Q_WHERE, "ask.where") X(Q_AWAKE, "ask.awake") \
    X(Q_BREATHING, "ask.breathing") X(Q_PATIENTS, "ask.patients") X(Q_INSIDE, "ask.inside") \
    X(Q_BURNING, "ask.burning") X(Q_OUT, "ask.everyone_out") X(Q_FLAME, "ask.flame") \
    X(Q_DANGER, "ask.danger_now") X(Q_TRIP_WHEN, "ask.trip_when") \
    X(Q_TRIP_FACILITY, "ask.trip_facility") X(Q_COMPANY, "ask.company") \
    X(Q_CONSUMER, "ask.consumer") X(EV_RECEIVED, "event.received") \
    X(EV_DELIVERED, "event.delivered") X(EV_ACKNOWLEDGED, "event.acknowledged") \
    X(EV_WAITING, "event.waiting_unit") X(EV_ASSIGNED, "event.unit_assigned") \
    X(EV_EN_ROUTE, "event.en_route") X(EV_ON_SCENE, "event.on_scene") \
    X(EV_TRANSPORTING, "event.transporting") X(EV_UNIT_LOST, "event.unit_lost") \
    X(EV_BOOKED, "event.booked") X(EV_OUT, "event.out_for_delivery") \
    X(EV_HANDED_OVER, "event.handed_over") X(EV_CANCELLED, "event.cancelled") \
    X(EV_CANCEL_DECLINED, "event.cancel_declined") X(EV_REJECTED, "event.rejected") \
    X(EV_NEEDS_PERSON, "event.needs_person") X(EV_EXPIRED, "event.expired") \
    X(EV_CLOSED, "event.closed") X(EV_REOPENED, "event.reopened") \
    X(STATUS_NONE, "status.none") X(STATUS_UNKNOWN, "status.unknown") \
    X(CANCEL_ASKED, "cancel.asked") X(CANCEL_NONE, "cancel.none") \
    X(CANCEL_WHICH, "cancel.which") X(CANCEL_SURE, "cancel.sure") X(THANKS, "more.thanks") X(DRAFT_STOPPED, "cancel.draft") X(MENU, "menu.body") \
    X(MENU_BUTTON, "menu.button") X(MENU_HELPLINES, "menu.helplines") \
    X(NOT_OURS, "menu.not_ours") X(LANGUAGE_ASK, "language.ask") \
    X(LANGUAGE_SET, "language.set") X(DAC, "lpg.code") X(LPG_OPEN, "lpg.open") \
    X(LPG_RESUMED, "lpg.resumed") X(LPG_OFFER, "lpg.offer") \
    X(GAS_COMPANY, "lpg.your_company") X(T_HELPLINES, "title.helplines") \
    X(T_STATUS, "title.status") X(T_LANGUAGE, "title.language") X(T_CANCEL, "title.cancel") \
    X(T_STILL_NEED, "title.still_need") X(T_YES, "title.yes") X(T_NO, "title.no") \
    X(T_CANCEL_YES, "title.cancel_yes") X(T_CANCEL_NO, "title.cancel_no") \
    X(T_PAY, "title.pay") X(T_BOOK, "title.book")
/* clang-format on */
enum text_id {
#define X(name, key) TEXT_##name,
    TEXT_KEYS(X)
#undef X
        TEXT_N_FIXED
};

struct texts;
/* Reads te, hi, ur and en .yaml of the folder. All or nothing. */
SAH_MUST_USE int texts_load(const char *folder, struct texts **ret_texts,
                            struct sah_fault *fault);
void texts_destroy(struct texts *texts);

/* The id of a text that a data file names; -1 = no such text. */
int texts_find(const struct texts *texts, const char *key);
unsigned texts_count(const struct texts *texts);
const char *texts_key(const struct texts *texts, int id);
bool texts_has(const struct texts *texts, int id, enum text_placeholder placeholder);
const char *texts_raw(const struct texts *texts, enum text_language language, int id);
/* Appends the text with its placeholders filled. */
void texts_render(const struct texts *texts, enum text_language language, int id,
                  const struct text_values *values, struct sah_buf *buf);

#endif

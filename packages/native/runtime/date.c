/* The Date field's value (RFC 9110 5.6.7), in English whatever locale a library has set. Made once a second. */
#include <string.h>
#include <time.h>

#include "thread.h"

static void put2(char *at, int number) {
    at[0] = (char)('0' + number / 10);
    at[1] = (char)('0' + number % 10);
}

/* Gives FL_DATE_LEN bytes, valid until the thread's next call. */
const char *fl_date(fl_thread *thread) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec == thread->date_second) return thread->date;
    thread->date_second = now.tv_sec;
    struct tm tm;
    gmtime_r(&now.tv_sec, &tm);
    char *date = thread->date;
    memcpy(date, "Sun, 00 Jan 0000 00:00:00 GMT", FL_DATE_LEN);
    memcpy(date, &"SunMonTueWedThuFriSat"[3 * tm.tm_wday], 3);
    put2(date + 5, tm.tm_mday);
    memcpy(date + 8, &"JanFebMarAprMayJunJulAugSepOctNovDec"[3 * tm.tm_mon], 3);
    put2(date + 12, (tm.tm_year + 1900) / 100);
    put2(date + 14, tm.tm_year % 100);
    put2(date + 17, tm.tm_hour);
    put2(date + 20, tm.tm_min);
    put2(date + 23, tm.tm_sec);
    return date;
}

/*
 * A program for Windows that, under wine, starts a Linux program in its place: COMMAND,
 * with the arguments that it was given. A path such as Z:\tmp\x becomes /tmp/x.
 */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#define MOST 100

int wmain(int argc, wchar_t **argv)
{
    /* Wine's own: wine/dlls/ntdll/unix/env.c and wine/dlls/kernel32/path.c. */
    int(CDECL * spawn)(char *const *, int) =
        (int(CDECL *)(char *const *, int))(void *)GetProcAddress(
            GetModuleHandleW(L"ntdll"), "__wine_unix_spawnvp");
    char *(CDECL * path)(const wchar_t *) = (char *(CDECL *)(const wchar_t *))(void *)
        GetProcAddress(GetModuleHandleW(L"kernel32"), "wine_get_unix_file_name");
    char *command[MOST] = {COMMAND};
    int count = 0;
    if (!spawn || !path || argc > MOST / 2) {
        fputs("this is not wine, or too long a command\n", stderr);
        return 1;
    }
    while (command[count]) {
        count++;
    }
    for (int i = 1; i < argc; i++) {
        const wchar_t *given = argv[i];
        char *argument;
        if (given[0] && given[1] == L':') {
            argument = path(given);
        } else {
            const size_t size = 4 * wcslen(given) + 1;
            argument = malloc(size);
            WideCharToMultiByte(CP_UTF8, 0, given, -1, argument, (int)size, NULL, NULL);
        }
        command[count++] = argument;
    }
    return spawn(command, TRUE);
}

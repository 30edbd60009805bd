"use client";

import { useEffect, useEffectEvent } from "react";
import { keyCommand, type KeyCommand } from "#components/layout/key-commands.ts";

/** How long `g` waits for its second key. */
const PREFIX_MS = 1_500;

const COVERS = "[role=dialog],[role=alertdialog],[role=menu]";
const TEXT_FIELDS = "input:not([type=checkbox],[type=radio],[type=button]),textarea,select,[contenteditable=true]";

/** Listens to the keys of the whole page. A press that something nearer has handled is left alone. */
export function useKeyCommands(singleKeys: boolean, onCommand: (command: KeyCommand) => void): void {
  const handle = useEffectEvent(onCommand);

  useEffect(() => {
    let prefixedUntil = 0;

    function onKeyDown(event: KeyboardEvent) {
      if (event.defaultPrevented || event.isComposing) {
        return;
      }
      const command = keyCommand({
        key: event.key,
        ctrl: event.ctrlKey,
        meta: event.metaKey,
        alt: event.altKey,
        typing: event.target instanceof Element && event.target.closest(TEXT_FIELDS) !== null,
        covered: document.querySelector(COVERS) !== null,
        afterPrefix: event.timeStamp < prefixedUntil,
        singleKeys,
      });
      prefixedUntil = command?.kind === "prefix" ? event.timeStamp + PREFIX_MS : 0;
      if (command !== null && command.kind !== "prefix") {
        event.preventDefault();
        handle(command);
      }
    }

    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [singleKeys]);
}

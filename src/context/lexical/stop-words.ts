/** Words of English that say nothing of what a text is about; of questions and answers alike. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a an the this that these those some any each every either neither both all such same other another
  i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its itself
  they them their theirs themselves one ones
  who whom whose which what when where why how whether whatever whichever whoever whenever wherever
  am is are was were be been being do does did done doing have has had having will would shall should can could may might must ought
  and or but nor so yet if then else than because as until while since unless although though
  of at by for with about against between into through during before after above below to from up down in out on off over under again
  further once here there upon onto within without toward towards via per among
  not no only own too very just also ever even still however therefore thus hence
  s t re ve ll d m don didn doesn isn wasn aren weren hasn haven hadn wouldn couldn shouldn won ain
  dont didnt doesnt isnt wasnt arent werent hasnt havent hadnt wouldnt couldnt shouldnt cant cannot wont im ive youre theyre
  etc please tell`
    .split(/\s+/)
    .filter((word) => word !== ''),
);
